# Looks at a helper VM and changes nothing: POSIX sh. Set before: model (may be empty), certificate, private_key,
# secret_file (empty where there is none). Prints `key value` lines, the last one `end`.

clock() {
    date +'clock %s.%N'
}
clock

# What the runner of jobs needs: util-linux's setsid and flock, GNU's tail, sha256sum.
for tool in setsid flock tail head sha256sum stat od date mkdir mv sync readlink; do
    command -v "$tool" >/dev/null || echo "missing $tool"
done
! command -v setsid >/dev/null || setsid --help 2>&1 | grep -q -e '--fork' || echo 'missing setsid with -f (util-linux)'
! command -v tail >/dev/null || tail --help 2>&1 | grep -q -e '--pid' || echo 'missing tail with --pid (GNU coreutils)'

echo "boot $(cat "${STAMPDECK_BOOT_ID:-/proc/sys/kernel/random/boot_id}" 2>/dev/null)"

folder=${model%/*}
[ -n "$model" ] && [ -d "$folder" ] || folder=$HOME
for place in "$folder" "$HOME" "${TMPDIR:-/tmp}"; do
    free=$(df -Pk -- "$place" 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ -z "$free" ] || echo "free $free $place"
done

# Two locks on a folder of the same file system: on some network file systems both are given. Not on the api model's
# own folder, whose lock would keep out a job that starts just now.
if command -v flock >/dev/null && probe=$(mktemp -d "$folder/.stampdeck-lock-XXXXXX" 2>/dev/null); then
    if (flock -n 9 || exit 2; ! flock -n "$probe" true) 9<"$probe"; then
        echo 'locks yes'
    else
        echo 'locks no'
    fi
    rmdir -- "$probe"
fi

if command -v busctl >/dev/null && command -v timeout >/dev/null; then
    kills=$(timeout 3 busctl get-property org.freedesktop.login1 /org/freedesktop/login1 \
        org.freedesktop.login1.Manager KillUserProcesses 2>/dev/null)
    case $kills in
        'b true') echo 'kills yes' ;;
        'b false') echo 'kills no' ;;
    esac
fi

while read -r device place kind options rest; do
    [ "$place" = /proc ] && [ "$kind" = proc ] || continue
    case ",$options," in
        *,hidepid=[124],*|*,hidepid=noaccess,*|*,hidepid=invisible,*|*,hidepid=ptraceable,*) echo 'hidden yes' ;;
        *) echo 'hidden no' ;;
    esac
done < /proc/mounts

credential() {
    [ -n "$2" ] || return 0
    if [ ! -e "$2" ]; then
        echo "credential missing $1 $2"
    elif [ ! -r "$2" ]; then
        echo "credential closed $1 $2"
    elif [ "$1" != certificate ]; then
        case $(ls -ldL -- "$2" | cut -c1-11) in
            -r??------[.\ ]) ;;
            *) echo "credential open $1 $2" ;;
        esac
    fi
}
credential certificate "$certificate"
credential key "$private_key"
credential secret "$secret_file"

if [ -n "$certificate" ] && [ -r "$certificate" ] && command -v openssl >/dev/null; then
    if ! openssl x509 -in "$certificate" -noout 2>/dev/null; then
        echo "credential no-certificate certificate $certificate"
    elif ! openssl x509 -in "$certificate" -noout -checkend 0 >/dev/null 2>&1; then
        echo "credential ended certificate $certificate"
    elif ! openssl x509 -in "$certificate" -noout -checkend 2592000 >/dev/null 2>&1; then
        echo "credential ends certificate $certificate"
    fi
fi
