#!/bin/sh
# Checks that coredns-triage wants next. They only read: nothing is changed, on this machine or elsewhere.
#
#@ABOUT@
#
# On each of these nodes:   sh checks.sh
# Put the checks-*.txt that it writes beside the evidence, and run: triage analyze EVIDENCE
# If the name of the machine is not that of the node:   sh checks.sh NODE
# To print instead of writing a file:                    sh checks.sh NODE -
set -u
LC_ALL=C
export LC_ALL
umask 077

has() { command -v "$1" >/dev/null 2>&1; }

node=${1:-$(hostname 2>/dev/null || uname -n)}
case $node in
    '' | -* | *[!A-Za-z0-9._-]*)
        echo "checks: '$node' is no name of a node" >&2
        exit 2
        ;;
esac
known=yes
case $node in
#@NODES@
esac
if [ "$known" = no ]; then
    echo "checks: $node is none of the nodes where these checks tell most: @WANTED@" >&2
    if [ $# -eq 0 ]; then
        echo "checks: give the node's name if this is one of them, or any node's to ask from there: sh checks.sh NODE" >&2
        exit 2
    fi
fi

# at PLACE NODE …: is this check wanted here? A node that somebody named on purpose asks everything.
at() {
    while [ $# -gt 1 ]; do
        place=$1
        if [ "$2" = "$node" ] || [ "$2" = '*' ]; then
            return 0
        fi
        shift 2
    done
    place=-
    [ "$known" = no ]
}

begin() { printf '### check %s host=%s place=%s command=%s\n' "$1" "$node" "$place" "$2"; }

# run ID COMMAND PROGRAM ARGUMENT …: COMMAND is PROGRAM and its arguments as they are shown.
run() {
    begin "$1" "$2"
    shift 2
    if has "$1"; then
        output=$("$@" 2>&1 </dev/null)
        code=$?
    else
        output="$1: command not found"
        code=127
    fi
    # A server must not be able to write a headline of ours.
    printf '%s\n' "$output" | sed 's/^###/ ###/'
    printf '### exit %s\n' "$code"
}

# as_root ID COMMAND PROGRAM ARGUMENT …: the same for what only root may read.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        run "$@"
    else
        begin "$1" "$2"
        printf 'permission denied: run this script as root for it\n### exit 126\n'
    fi
}

# ask ID COMMAND SERVER PORT NAME TYPE QUERY ARGUMENT …: dig with these arguments, or whatever else can ask SERVER.
ask() {
    id=$1 shown=$2 server=$3 port=$4 name=$5 type=$6 query=$7
    shift 7
    if has dig; then
        run "$id" "$shown" dig "$@"
    elif [ "$port" = 53 ] && [ -n "$query" ] && has nslookup; then
        case $(nslookup --help 2>&1 </dev/null) in
            *BusyBox*-type=*) set -- "-type=$type" -timeout=3 -retry=1 ;;
            *BusyBox*) set -- ;; # built without options
            *) set -- "-type=$type" -timeout=3 -retry=1 ;;
        esac
        run "$id" "nslookup $* $name $server" nslookup "$@" "$name" "$server"
    elif [ -n "$query" ] && has bash && has dd; then
        begin "$id" "bash /dev/udp/$server/$port $name $type"
        udp "$server" "$port" "$name" "$type" "$query" </dev/null
        printf '### exit %s\n' "$?"
    elif has getent; then
        # getent asks the resolvers of this machine, not SERVER: it tells only that names resolve here.
        run "$id" "getent hosts $name" getent hosts "$name"
    else
        begin "$id" "$shown"
        printf 'dig: command not found\n### exit 127\n'
    fi
}

# udp SERVER PORT NAME TYPE QUERY: one DNS query made by hand, its outcome in the words of dig.
udp() {
    # shellcheck disable=SC2016
    bash -c '
        server=$1 port=$2 name=$3 type=$4 query=$5
        rcodes=(NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED)
        echo "; asked through /dev/udp, told in the words of dig"
        printf ";; QUESTION SECTION:\n;%s\t\tIN\t%s\n\n" "$name" "$type"
        failed() {
            printf ";; communications error to %s#%s: %s\n;; no servers could be reached\n" "$server" "$port" "$1"
            exit 9
        }
        exec 3<>"/dev/udp/$server/$port" || failed "network unreachable"
        printf "$query" | dd ibs=1 obs=512 >&3 2>/dev/null || failed "network unreachable"
        exec 4< <(exec dd bs=4096 count=1 <&3 2>/dev/null)
        reader=$!
        bytes=()
        while ((${#bytes[@]} < 4)); do
            IFS= read -r -d "" -n 1 -t 3 byte <&4
            code=$?
            if ((code)); then
                kill "$reader" 2>/dev/null
                ((code > 128)) && failed "timed out"
                failed "connection refused"
            fi
            printf -v number "%d" "'"'"'$byte"
            bytes+=($((number & 255)))
        done
        rcode=$((bytes[3] & 15))
        printf ";; ->>HEADER<<- opcode: QUERY, status: %s, id: %d\n" "${rcodes[rcode]:-RCODE$rcode}" $((bytes[0] * 256 + bytes[1]))
        printf ";; SERVER: %s#%s(%s) (UDP)\n" "$server" "$port" "$server"
    ' bash "$@"
}

checks() {
    :
#@CHECKS@
}

if [ "${2:-}" = - ]; then
    checks
    exit 0
fi
file=checks-$node-$(date -u +%Y%m%dT%H%M%SZ).txt
set -C
if ! { : >"$file"; } 2>/dev/null; then
    echo "checks: $file cannot be written here: change to a folder that you may write to" >&2
    exit 2
fi
set +C
echo "checks: asking from $node; a server that does not answer takes some seconds" >&2
checks >"$file"
echo "$file"
