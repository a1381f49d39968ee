# What a job does before aks-engine takes its place: POSIX sh. Set before: model (may be empty), number, secret_file.
# What it says begins with `stampdeck:`. Exit codes: 73 nothing could be copied aside, 77 the secret's file is not
# to be used, 127 no engine. None of them has touched the cluster.

say() {
    printf 'stampdeck: %s\n' "$*" >&2
}

# The engine rewrites apimodel.json without a copy, and not in one step: the newest ten copies are kept.
copy_aside() {
    copies=${model%/*}/apimodel-copies
    copy=$copies/apimodel-$(date -u +%Y%m%dT%H%M%SZ)-$number.json
    if mkdir -p -- "$copies" && chmod 700 "$copies" && cp -- "$model" "$copy.part" && chmod 600 "$copy.part" \
        && cmp -s -- "$model" "$copy.part" && mv -- "$copy.part" "$copy"; then
        say "copied the api model to $copy"
    else
        rm -f -- "$copy.part"
        say "the api model could not be copied aside: nothing was started"
        exit 73
    fi
    set -- "$copies"/apimodel-*.json
    while [ $# -gt 10 ]; do
        rm -f -- "$1"
        shift
    done
}

# Private keys are among the files: whoever may read them owns the cluster.
mend_modes() {
    folder=${model%/*}
    chmod 700 "$folder" 2>/dev/null || say "the permissions of $folder could not be set to 0700"
    for file in "$folder"/*.json "$folder"/*.key "$folder"/*.crt "$folder"/kubeconfig/*.json; do
        [ ! -f "$file" ] || chmod 600 "$file" 2>/dev/null || say "the permissions of $file could not be set to 0600"
    done
    [ ! -d "$folder/kubeconfig" ] || chmod 700 "$folder/kubeconfig" 2>/dev/null || :
}

# Sets `secret`, which is not exported: no program but the engine is ever given it.
read_secret() {
    if [ ! -r "$secret_file" ]; then
        say "the client secret's file $secret_file is missing or not to be read by this account"
        exit 77
    fi
    # The eleventh character: a dot is a label of SELinux, a plus an access list that may let others in.
    case $(ls -ldL -- "$secret_file" | cut -c1-11) in
        -r??------[.\ ]) ;;
        *)
            say "the client secret's file $secret_file can be read by others: chmod 600 it, and renew the secret"
            exit 77
            ;;
    esac
    IFS= read -r secret < "$secret_file" || :
    secret=${secret%"$(printf '\r')"}
    if [ -z "$secret" ]; then
        say "the client secret's file $secret_file is empty"
        exit 77
    fi
}

check_engine() {
    command -v -- "$1" >/dev/null || {
        say "there is no $1 on this machine's PATH"
        exit 127
    }
}
