#!/bin/sh
# Runs jobs on a helper VM that outlive every connection. POSIX sh with flock and setsid -f (util-linux) and GNU
# tail; nothing to install, no root. Called as `sh runner.sh NONCE VERB ...`: everything this writes on standard output
# comes after a line `@@NONCE`, because the account's own start files may write there too.
#
# A job is a folder ~/.local/state/stampdeck/jobs/NUMBER (0700, files 0600):
#   cmd meta.json lock bound   what was asked for, `upload` its SHA-256
#   guard/     made once: with it the job was started, and never is again
#   alive      flock(EX) on descriptor 8 of the supervisor and of everything below it: the one truth about "it works",
#              for the kernel gives it back when the last of them ends, and no reused process id can imitate it
#   starting   flock(EX) on descriptor 7 of whoever starts it
#   run        PID TICKS BOOT EPOCH of the supervisor   (TICKS: field 22 of /proc/PID/stat)
#   rc         STATUS EPOCH                             (made of a file reserved before: a full disk cannot eat it)
#   log        standard output and error; never passed through a pipe, whose reader could die
#   cancel     slots of 256 bytes, reserved too: EPOCH SIGNAL WHO
#   refused    why it was not started; who holds its lock
#   dropped    bytes at the beginning of the log that are no longer kept (looked at every STAMPDECK_TRIM_S seconds)
# The lock of an api model is flock(EX) on its folder, on descriptor 9 of the same processes: a folder has one inode
# whatever path or account it is reached by.
set -u
umask 077
base=$HOME/.local/state/stampdeck
jobs=$base/jobs
here=$0
boot_file=${STAMPDECK_BOOT_ID:-/proc/sys/kernel/random/boot_id}
USAGE=64 CUT=65 NO_JOB=66 BROKEN=70 NO_ROOM=73 TAKEN=74 OVER=3

die() { # CODE WORDS
    code=$1; shift
    printf 'jobrun: %s\n' "$*" >&2
    exit "$code"
}

check_number() {
    case ${1:-} in ''|-*|*[!A-Za-z0-9_-]*) die $USAGE 'no job number';; esac
    d=$jobs/$1
}

check_job() {
    check_number "${1:-}"
    [ -d "$d" ] || die $NO_JOB "there is no job $1"
}

check_offset() { case $1 in ''|*[!0-9]*) die $USAGE 'no offset';; esac; }

# What a person wrote is put into JSON without what would end a string there.
clean() { tr -d '\000-\037\177"\\'; }

# Sets program to the path of one: a busybox as sh may have its own idea of the name, which can do less.
find_program() { # NAME
    program=$1; old_ifs=$IFS; IFS=:
    for folder in $PATH; do [ ! -x "$folder/$1" ] || { program=$folder/$1; break; }; done
    IFS=$old_ifs
}

boot_id() { boot_now=; read -r boot_now <"$boot_file"; [ -n "$boot_now" ] || die $BROKEN "cannot read $boot_file"; }

# Sets ticks_now, pgrp and session of a process; ticks_now is 0 when it is dead, also while nobody has waited for it.
# The name of the program may hold blanks and parentheses: what follows the last one counts.
look_at() { # PID
    ticks_now=0 pgrp=0 session=0 line=
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    set -f; set -- ${line##*) }; set +f
    case ${1:-Z} in Z|X) return 0;; esac
    pgrp=${3:-0} session=${4:-0} ticks_now=${20:-0}
}

# The shared lock is free exactly when nothing of the job is left.
is_alive() { # FOLDER
    [ -e "$1/alive" ] || return 1
    flock -n -s "$1/alive" true 2>/dev/null
    case $? in 0) return 1;; 1) return 0;; *) die $BROKEN 'flock does not work on the home directory';; esac
}

is_supervised() { look_at "$pid"; [ "$ticks_now" != 0 ] && [ "$ticks_now" = "$ticks" ]; }

# Sets state and what the files say. What is looked at may end in between: each answer is made sure of by the next.
judge() { # FOLDER
    state=new pid=0 ticks=0 boot='' began=null rest=''
    [ ! -f "$1/run" ] || read -r pid ticks boot began rest <"$1/run"
    if [ -f "$1/rc" ]; then
        # Between noting the end and being gone the supervisor itself is alive: nothing that works on.
        if ! is_alive "$1"; then state=exited
        elif is_supervised; then state=running
        elif is_alive "$1"; then state=draining
        else state=exited
        fi
    elif [ -f "$1/refused" ]; then state=refused
    elif [ ! -d "$1/guard" ]; then state=new
    elif [ ! -f "$1/run" ]; then
        if is_alive "$1"; then state=starting
        elif [ -f "$1/run" ] || [ -f "$1/refused" ]; then judge "$1"
        else state=failed-start
        fi
    elif [ "$boot" != "$boot_now" ]; then state=rebooted
    elif is_alive "$1"; then
        if is_supervised; then state=running
        elif [ -f "$1/rc" ] || ! is_alive "$1"; then judge "$1"
        else state=unsupervised
        fi
    elif [ -f "$1/rc" ]; then state=exited
    else state=lost
    fi
}

# An end is told before the size is looked at, which then is final.
tell() { # FOLDER: one line of JSON, a tab, and the meta data as they were sent
    judge "$1"
    status=null ended=null why='' holder='' first='' cancels='' dropped=0
    case $state in
        exited|draining) read -r status ended rest <"$1/rc";;
        refused) { read -r why; read -r holder; } <"$1/refused";;
        failed-start) why=$(tail -n 1 "$1/super.log" 2>/dev/null | clean);;
    esac
    [ ! -f "$1/dropped" ] || read -r dropped <"$1/dropped"
    [ ! -f "$1/cancel" ] || read -r first <"$1/cancel"
    [ -z "$first" ] || cancels=$(grep '[^ ]' "$1/cancel" | sed 's/["\\]//g; s/ *$//; s/.*/,"&"/' | tr -d '\n')
    size=$(stat -c %s "$1/log" 2>/dev/null) || size=0
    printf '{"number":"%s","state":"%s","status":%s,"pid":%s,"started_at":%s,"ended_at":%s,"size":%s,"dropped":%s,' \
        "${1##*/}" "$state" "${status:-null}" "${pid:-0}" "${began:-null}" "${ended:-null}" "$size" "${dropped:-0}"
    printf '"cancels":[%s],"why":"%s","holder":"%s","now":%s}\t' "${cancels#,}" "$why" "$holder" "$now"
    [ ! -f "$1/meta.json" ] || tr -d '\n\t' <"$1/meta.json"
    echo
}

tell_now() { boot_id; now=$(date +%s); tell "$d"; }

# Another call with the same number may be half way through: its end is waited for.
tell_known() {
    boot_id
    tries=0
    while judge "$d"; [ $tries -lt 400 ]; do
        case $state in new|starting) ;; *) break;; esac
        if [ $tries -lt 10 ]; then sleep 0.01; else sleep 0.05; fi
        tries=$((tries + 1))
    done
    tell_now
}

#include engines_by_hand.sh

# -------------------------------------------------------------------------------------------------------------- starting

reserve() { # FILE BYTES: room that a disk which fills up later cannot take away
    printf "%${2}s" '' >"$1" && [ "$(stat -c %s "$1")" -eq "$2" ]
}

refuse() { # WHY HOLDER
    { printf '%s' "$1" | clean; echo; printf '%s' "$2" | clean; echo; } 1<>"$d/run.new" && mv "$d/run.new" "$d/refused"
}

# Sets holder: the job at work on a folder, as soon as it has said so.
find_holder() { # FOLDER
    tries=0
    while [ $tries -lt 40 ]; do
        holder=; [ ! -r "$1/.stampdeck-holder" ] || read -r holder <"$1/.stampdeck-holder"
        case ${holder%% *} in ''|*[!A-Za-z0-9_-]*) ;; *) [ ! -d "$jobs/${holder%% *}" ] || ! is_alive "$jobs/${holder%% *}" || {
            holder=${holder%% *}; return; };; esac
        # Of another account only its own word is known.
        case $holder in ''|"${holder%% *}") ;; *) [ -d "$jobs/${holder%% *}" ] || return;; esac
        tries=$((tries + 1)); sleep 0.05
    done
    holder='a job of another account'
}

# Takes the lock of the api model's folder on descriptor 9, or says why not.
take_lock() {
    case $lock in /*) ;; '~') lock=$HOME;; '~/'*) lock=$HOME/${lock#??};; *) lock=$HOME/$lock;; esac
    [ -d "$lock" ] || { refuse "there is no folder $lock" ''; return 1; }
    { command exec 9<"$lock"; } 2>/dev/null || { refuse "the folder $lock may not be read" ''; return 1; }
    # Whoever only looks whether the lock is free holds it for an instant: that is no holder.
    tries=0
    until flock -n 9; do
        [ $? = 1 ] || { refuse "the folder $lock cannot be locked: flock does not work there" ''; return 1; }
        tries=$((tries + 1))
        [ $tries -lt 4 ] || { find_holder "$lock"; refuse "another job works on $lock" "$holder"; return 1; }
        sleep 0.03
    done
    # Readable for other accounts that share the folder: they are told by it whom they wait for.
    (umask 022; echo "${d##*/} of $(id -un) since $(date -u +%Y-%m-%dT%H:%MZ)" >"$lock/.stampdeck-holder.$$" \
        && mv -f "$lock/.stampdeck-holder.$$" "$lock/.stampdeck-holder") 2>/dev/null
    # One whose folder cannot be told is no reason to refuse: it is shown to whoever asks.
    found=$(engines "$lock" | grep '^{"api_model":"/' | head -n 1)
    [ -z "$found" ] && return 0
    release_holder "$lock"
    by_hand=${found#*'"pid":'}; by_user=${found#*'"user":"'}; by_words=${found#*'"command":"'}
    refuse "an engine started by hand works on $lock: ${by_words%%'"'*}" "process ${by_hand%%,*} of ${by_user%%'"'*}"
    return 1
}

release_holder() { # FOLDER
    held=; { read -r held _ <"$1/.stampdeck-holder"; } 2>/dev/null
    [ "$held" != "${d##*/}" ] || rm -f "$1/.stampdeck-holder"
}

# Lays out what was uploaded: meta data, folder to be locked and log's bound on a line each, then the script.
lay_out() { # UPLOAD DIGEST
    sed -n 1p "$1" >"$d/meta.json" && sed -n 2p "$1" >"$d/lock" && sed -n 3p "$1" >"$d/bound" &&
        tail -n +4 "$1" >"$d/cmd" && echo "$2" >"$d/upload" && : >>"$d/log" && : >>"$d/super.log" &&
        reserve "$d/run.new" 255 && reserve "$d/rc.new" 255 && reserve "$d/cancel" 2048 && [ -s "$d/upload" ]
}

submit() { # NUMBER DIGEST, the upload on standard input
    mkdir -p "$jobs" || die $NO_ROOM "cannot make $jobs"
    upload=$base/upload.$$
    trap 'rm -f "$upload"' EXIT
    # Nobody may listen any more when this is cut short: the words about it must not end it before it has cleaned up.
    trap "exit $CUT" HUP TERM PIPE
    cat >"$upload" || die $NO_ROOM "cannot write $upload: is the disk full?"
    # A lost connection looks like the end of the input.
    digest=$(sha256sum <"$upload")
    [ "${digest%% *}" = "$2" ] || die $CUT 'the upload was cut short'
    mkdir -p "$d" && { command exec 8>>"$d/alive"; } 2>/dev/null || die $NO_ROOM "cannot write $d: is the disk full?"
    tries=0
    until [ -d "$d/guard" ] || flock -n 8; do
        tries=$((tries + 1)); [ $tries -lt 200 ] || die $BROKEN "cannot lock $d/alive"
        sleep 0.05
    done
    # From here on it is finished, whoever left. A handler, unlike an ignored signal, is not inherited by the job.
    trap : HUP TERM PIPE
    if [ -d "$d/guard" ]; then
        exec 8>&-
        read -r before <"$d/upload" || before=
        [ "$before" = "$2" ] || die $TAKEN "job number ${d##*/} is another job's"
        tell_known
        return
    fi
    lay_out "$upload" "$2" || die $NO_ROOM "no room for the files of the job in $d: is the disk full?"
    # The supervisor begins when this one has let go of the locks: what is short must not seem to go on after its end.
    { command exec 7>>"$d/starting"; } 2>/dev/null && flock 7 && mkdir "$d/guard" ||
        die $NO_ROOM "cannot write $d: is the disk full?"
    IFS= read -r lock <"$d/lock"
    if [ -z "$lock" ] || take_lock; then
        # Not `&`: what a shell starts in the background ignores INT for ever, and could not be asked to end.
        find_program setsid
        STAMPDECK_JOB=${d##*/} "$program" -f sh "$here" - supervise "${d##*/}" "$lock" \
            </dev/null >>"$d/super.log" 2>&1 7>&-
    fi
    exec 8>&- 9>&-
    exec 7>&-
    tell_known
}

# ------------------------------------------------------------------------------------------------------------ supervising

# Gives the room of all but the last BOUND bytes of the log back; where a byte stands in it does not change.
trim_log() { # BOUND SUPERVISOR
    while sleep "${STAMPDECK_TRIM_S:-10}" && kill -0 "$2" 2>/dev/null; do
        surplus=$((($(stat -c %s "$d/log") - $1) / 4096 * 4096))
        [ $surplus -gt 0 ] || continue
        echo $surplus >"$d/dropped.new" && mv "$d/dropped.new" "$d/dropped" && fallocate -p -o 0 -l $surplus "$d/log" || break
    done
}

supervise() { # NUMBER FOLDER
    cd "$HOME" || die $BROKEN 'cannot enter the home directory'
    # What the whole group is sent reaches the command; this one has its end to note. A trap is not inherited.
    trap : INT TERM QUIT
    trap '' HUP
    boot_id
    look_at $$
    # On the disk before anything is done: else a crash of the VM would look like a job that never began.
    { echo "$$ $ticks_now $boot_now $(date +%s)" 1<>"$d/run.new" && sync "$d/run.new" && mv "$d/run.new" "$d/run" &&
        sync "$d"; } || die $NO_ROOM 'cannot write the files of the job'
    flock -s "$d/starting" true
    read -r bound <"$d/bound" || bound=0
    trimmer=
    if [ "${bound:-0}" -gt 0 ]; then
        (exec 8>&- 9>&-; trim_log "$bound" $$) &
        trimmer=$!
    fi
    sh "$d/cmd" </dev/null >>"$d/log" 2>&1
    result=$?
    [ -z "$trimmer" ] || kill "$trimmer" 2>/dev/null
    echo "$result $(date +%s)" 1<>"$d/rc.new" && { sync "$d/rc.new" "$d/log" 2>/dev/null; mv "$d/rc.new" "$d/rc"; sync "$d"; }
    case $2 in '') ;; /*) release_holder "$2";; esac
}

# ------------------------------------------------------------------------------------------------------------- cancelling

# Prints PID:PGRP of all that belongs to a job but its supervisor: what holds its descriptor 8, and what was started
# with descriptors closed but has its session and its mark.
members() {
    for entry in /proc/[0-9]*; do
        look_at "${entry#/proc/}"
        [ "$ticks_now" != 0 ] || continue
        if [ "${entry#/proc/}" = "$pid" ] && [ "$ticks_now" = "$ticks" ]; then continue; fi
        [ "$entry/fd/8" -ef "$d/alive" ] || { [ "$session" = "$pid" ] &&
            tr '\000' '\n' 2>/dev/null <"$entry/environ" | grep -qx "STAMPDECK_JOB=${d##*/}"; } || continue
        echo "${entry#/proc/}:$pgrp"
    done
}

send() { # SIGNAL: to its process group at one go, and to each that left the group
    in_group=
    for member in $(members); do
        if [ "$1" != KILL ] && [ "${member#*:}" = "$pid" ]; then in_group=yes; else kill -s "$1" "${member%:*}" 2>/dev/null; fi
    done
    [ -z "$in_group" ] || kill -s "$1" -- "-$pid" 2>/dev/null
}

cancel() { # SIGNAL, who asks on standard input
    case $1 in INT|TERM|KILL) ;; *) die $USAGE 'no such signal';; esac
    boot_id; judge "$d"
    case $state in running|unsupervised|draining) ;; *) tell_now; exit $OVER;; esac
    who=$(head -c 200 | tr -d '\000-\037\177')
    (
        flock 7
        slot=$(grep -c '[^ ]' "$d/cancel")
        { printf '%s%256s' "$(date +%s) $1 $who" '' | head -c 255; echo; } |
            dd of="$d/cancel" bs=256 seek="$slot" conv=notrunc 2>/dev/null
    ) 7<"$d/cancel" || echo 'jobrun: the signal is sent, but could not be noted' >&2
    send "$1"
    # What was forked while the others were being killed.
    tries=0
    while [ "$1" = KILL ] && [ -n "$(members)" ] && [ $tries -lt 20 ]; do send KILL; tries=$((tries + 1)); sleep 0.02; done
    tell_now
}

# --------------------------------------------------------------------------------------------------------------- reading

follow() { # OFFSET: the log from there on, until nothing of the job is left or nobody reads any more
    check_offset "$1"
    [ -f "$d/log" ] || exit 0
    is_alive "$d" || exec tail -c "+$(($1 + 1))" "$d/log"
    find_program tail
    "$program" -c "+$(($1 + 1))" -f -s 0.2 "$d/log" &
    reading=$!
    # The lock comes free with the last process, where a process id could be another's or a zombie's.
    flock -s "$d/alive" sh -c 'kill "$0"' $reading >/dev/null 2>&1 &
    waiting=$!
    wait $reading
    kill $waiting 2>/dev/null
}

list() { # LAST: newest first
    check_offset "$1"
    boot_id; now=$(date +%s)
    cd "$jobs" 2>/dev/null || return 0
    left=$1
    find_program ls
    for entry in $("$program" -dt -- */guard 2>/dev/null | grep -x '[A-Za-z0-9_][A-Za-z0-9_-]*/guard'); do
        # A name with a line end in it, put there by somebody else, comes in pieces.
        [ -d "$entry" ] || continue
        [ $left -gt 0 ] || break
        left=$((left - 1))
        tell "$jobs/${entry%/guard}"
    done
}

[ "${2:-}" = supervise ] || printf '@@%s\n' "${1:-}"
case ${2:-} in
    submit) check_number "${3:-}"; submit "$3" "${4:-}";;
    supervise) check_job "${3:-}"; supervise "$3" "${4:-}";;
    status) check_job "${3:-}"; tell_now;;
    list) list "${3:-}";;
    follow) check_job "${3:-}"; follow "${4:-}";;
    digest) check_job "${3:-}"; check_offset "${4:-}"; tail -c "+$(($4 + 1))" "$d/log" | sha256sum;;
    cancel) check_job "${3:-}"; cancel "${4:-}";;
    foreign) IFS= read -r folder; case $folder in '~/'*) folder=$HOME/${folder#??};; esac; engines "$folder";;
    *) die $USAGE 'usage: NONCE submit|status|list|follow|digest|cancel|foreign';;
esac
