# Engines that somebody started by hand, seen in /proc and told without their secrets: a part of runner.sh.

# Sets model and folder (what an engine works on), words (its command line without secrets) and is_engine.
read_command() { # PID
    model='' folder='' words='' is_engine='' want=''
    # A line end inside an argument must not make two of one, or only half of a secret would be hidden.
    args=$(tr '\n\000' ' \n' <"/proc/$1/cmdline" 2>/dev/null)
    set -f; old_ifs=$IFS; IFS='
'
    for arg in $args; do
        case $want in
            secret) words="$words ***"; want=; continue;;
            model) model=$arg; want=;;
            folder) folder=$arg; want=;;
            *)  case $arg in
                    --api-model|-m) want=model;;
                    --deployment-dir|--output-directory|-o) want=folder;;
                    --api-model=*) model=${arg#*=};;
                    --deployment-dir=*|--output-directory=*|-o=*) folder=${arg#*=};;
                    -m=*) model=${arg#-m=};;
                    --*[Ss]ecret=*|--*[Pp]assword=*|--*[Tt]oken=*) arg="${arg%%=*}=***";;
                    --*[Ss]ecret|--*[Pp]assword|--*[Tt]oken) want=secret;;
                    *[Ss]ecret*=*|*[Pp]assword*=*|*[Tt]oken*=*|*[Kk]ey=*|*eyJ*.eyJ*) arg='***';;
                esac
                case ${arg##*/} in *' '*) ;; aks-engine*) is_engine=yes;; esac;;
        esac
        words="$words $arg"
    done
    IFS=$old_ifs; set +f
    words=${words# }
}

# Prints the file an engine works on when it lies in a folder ('' for any): compared by inode, through every link.
# Another account's path may start where we cannot look: as it was written, then, for it may be this folder's.
works_in() { # PID FOLDER
    for target in "$model" "${folder:+$folder/apimodel.json}"; do
        case $target in
            '') continue;;
            /*) file=$(readlink -f -- "$target") || continue;;
            *)  file=$(readlink -f -- "/proc/$1/cwd/$target") || {
                    [ -r "/proc/$1/cwd" ] || { printf '%s' "$target"; return 0; }
                    continue
                };;
        esac
        if [ -z "$2" ] || [ "$(dirname -- "$file")" -ef "$2" ]; then printf '%s' "$file"; return 0; fi
    done
    return 1
}

# Prints a line of JSON for each engine nobody started through this runner; other accounts' as far as they can be read.
engines() { # FOLDER
    for entry in $(grep -l '[a]ks-engine' /proc/[0-9]*/cmdline 2>/dev/null); do
        entry=${entry%/cmdline}
        ! tr '\000' '\n' 2>/dev/null <"$entry/environ" | grep -q '^STAMPDECK_JOB=' || continue
        read_command "${entry#/proc/}"
        [ -n "$is_engine" ] || continue
        file=$(works_in "${entry#/proc/}" "$1") || continue
        look_at "${entry#/proc/}"
        [ "$ticks_now" != 0 ] || continue
        user=$(stat -c %U "$entry" 2>/dev/null) || continue
        up=$(sed -n 's/^btime //p' /proc/stat)
        # USER_HZ, the unit of field 22, is 100 on every Linux that user programs see.
        printf '{"api_model":"%s","pid":%s,"user":"%s","started_at":%s,"command":"%s"}\n' "$(printf %s "$file" | clean)" \
            "${entry#/proc/}" "$user" $((up + ticks_now / 100)) "$(printf %s "$words" | clean | head -c 4000)"
    done
}
