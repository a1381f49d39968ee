# Asks, from the helper VM and with its own trust, what aks-engine will ask: POSIX sh with curl, else python3, else
# openssl. Set before, besides what look.sh needs: management, subscription, tenant, identity, client_id.
# Prints `probe NAME KIND STATUS DETAIL` lines. KIND: ok name connect timeout tls http refused skipped no-tool.
# Tokens and secrets are in shell variables and pipes, never in an argument, a file or what is printed.

limit_s=10

if command -v curl >/dev/null; then
    tool=curl
elif command -v python3 >/dev/null && python3 -c 'import ssl, http.client' 2>/dev/null; then
    tool=python3
else
    tool=
fi

# Sends the request described on standard input by lines `url U`, `header H`, `field NAME=VALUE`, `cacert FILE`; sets
# kind, status, detail and answer (status line, headers, body).
send() {
    request=$(cat)
    case $tool in
        curl) send_by_curl ;;
        python3) send_by_python ;;
        *) kind=no-tool status=0 detail='neither curl nor python3 is on the VM' answer= ;;
    esac
}

send_by_curl() {
    answer=$(
        printf '%s\n' "$request" \
            | sed -e 's/[\\"]/\\&/g' -e 's/^field /data-urlencode /' -e 's/^\([a-z-]*\) \(.*\)$/\1 = "\2"/' \
            | curl -q -sS -i --proto =https --connect-timeout 5 --max-time $limit_s --config - 2>&1
    )
    code=$?
    status=$(printf '%s\n' "$answer" | sed -n 's,^HTTP/[0-9.]* \([0-9][0-9][0-9]\).*,\1,p' | tail -n 1)
    case $code in
        0) kind=ok ;;
        5|6) kind=name ;;
        7) kind=connect ;;
        28) kind=timeout ;;
        35|51|53|54|58|59|60|77|80|83|90|91) kind=tls ;;
        *) kind=connect ;;
    esac
    detail=
    [ "$kind" = ok ] || detail=$(printf '%s' "$answer" | sed -n 's/^curl: //p' | head -n 1)
}

send_by_python() {
    answer=$(printf '%s\n' "$request" | STAMPDECK_LIMIT_S=$limit_s python3 -I -c "$python_client" 2>&1)
    kind=$(printf '%s\n' "$answer" | sed -n '1s/ .*//p')
    [ -n "$kind" ] || kind=$(printf '%s\n' "$answer" | head -n 1)
    detail=$(printf '%s\n' "$answer" | sed -n '1s/^[a-z]* //p')
    case $kind in ok|name|connect|timeout|tls) ;; *) kind=connect ;; esac
    answer=$(printf '%s\n' "$answer" | sed 1d)
    status=$(printf '%s\n' "$answer" | sed -n '1s,^HTTP/[0-9.]* \([0-9][0-9][0-9]\).*,\1,p')
}

python_client='
import base64, os, socket, ssl, sys, urllib.parse, urllib.request
from http.client import HTTPSConnection, HTTPException
url, headers, fields, authority = "", {}, [], None
for line in sys.stdin.read().splitlines():
    key, _, value = line.partition(" ")
    if key == "url": url = urllib.parse.urlsplit(value)
    elif key == "header": headers[value.partition(": ")[0]] = value.partition(": ")[2]
    elif key == "field": fields.append(tuple(value.split("=", 1)))
    elif key == "cacert": authority = value
def end(kind, why):
    print(kind, " ".join(str(why).split()))
    sys.exit()
try:
    context = ssl.create_default_context(cafile=authority)
    limit = float(os.environ["STAMPDECK_LIMIT_S"])
    proxy = urllib.parse.urlsplit(urllib.request.getproxies_environment().get("https", ""))
    if proxy.hostname and not urllib.request.proxy_bypass_environment(url.hostname):
        link = HTTPSConnection(proxy.hostname, proxy.port or 80, timeout=limit, context=context)
        login = urllib.parse.unquote("%s:%s" % (proxy.username, proxy.password)).encode() if proxy.username else b""
        known = {"Proxy-Authorization": "Basic " + base64.b64encode(login).decode()} if login else {}
        link.set_tunnel(url.hostname, url.port or 443, known)
    else:
        link = HTTPSConnection(url.hostname, url.port or 443, timeout=limit, context=context)
    body = urllib.parse.urlencode(fields) if fields else None
    if body: headers["Content-Type"] = "application/x-www-form-urlencoded"
    link.request("POST" if body else "GET", url.path + ("?" + url.query if url.query else ""), body, headers)
    answer = link.getresponse()
    text = answer.read(65536).decode("utf-8", "replace")
except ssl.SSLError as error: end("tls", error)
except socket.gaierror as error: end("name", error)
except (TimeoutError, socket.timeout) as error: end("timeout", error)
except (OSError, HTTPException, ValueError) as error: end("connect", error)
print("ok")
print("HTTP/1.1 %d" % answer.status)
for name, value in answer.getheaders(): print("%s: %s" % (name, value))
print()
print(text)
'

tell() {
    printf 'probe %s %s %s %s\n' "$1" "$2" "${3:-0}" "$(printf '%s' "${4:-}" | tr '\r\n' '  ' | head -c 300)"
}

# Prints the text of a name in the answer's JSON.
value_of() {
    printf '%s' "$answer" | tr -d '\r\n' | sed -n "s/.*\"$1\" *: *\[* *\"\([^\"]*\)\".*/\1/p"
}

code_of() {
    found=$(printf '%s' "$answer" | grep -oE 'AADSTS[0-9]+|MSIS[0-9]+' | head -n 1)
    word=$(value_of error)
    [ -n "$word" ] || word=$(value_of code)
    printf '%s' "$word${found:+ $found}"
}

probe_arm() {
    send <<EOF
url $management/metadata/endpoints?api-version=2015-01-01
header Accept: application/json
EOF
    if [ "$tool" = '' ]; then
        probe_tls arm "$management"
    elif [ "$kind" != ok ]; then
        tell arm "$kind" "$status" "$detail"
    elif [ "$status" != 200 ]; then
        tell arm http "$status" "$(code_of)"
    else
        login=$(value_of loginEndpoint) audience=$(value_of audiences)
        if [ -n "$login" ] && [ -n "$audience" ]; then
            tell arm ok 200 "$login"
            return 0
        fi
        tell arm http 200 'the answer names no login endpoint and audience'
    fi
    return 1
}

# What can be said with openssl alone: whether there is a TLS server that the machine trusts.
probe_tls() {
    host=${2#https://} host=${host%%/*} port=${host##*:}
    [ "$port" != "$host" ] || port=443
    host=${host%:*}
    if ! command -v openssl >/dev/null || ! command -v timeout >/dev/null; then
        tell "$1" no-tool 0 'no curl, python3 or openssl is on the VM'
        return 0
    fi
    verify=-verify_hostname
    case $host in *[!0-9.]*) ;; *) verify=-verify_ip ;; esac
    trusted=${3:-${SSL_CERT_FILE:-}}
    said=$(timeout $limit_s openssl s_client -connect "$host:$port" -servername "$host" $verify "$host" \
        -verify_return_error ${trusted:+-CAfile "$trusted"} 2>&1 </dev/null)
    case $? in
        0) tell "$1" ok 0 'TLS works; the rest could not be asked without curl or python3' ;;
        124) tell "$1" timeout 0 '' ;;
        *)
            case $said in
                *'erify error'*|*'verify failed'*) tell "$1" tls 0 "$(printf '%s\n' "$said" | grep -m1 -i 'verify')" ;;
                *ddrinfo*|*'not known'*) tell "$1" name 0 '' ;;
                *) tell "$1" connect 0 "$(printf '%s\n' "$said" | grep -m1 -iE 'refused|unreachable|errno')" ;;
            esac ;;
    esac
}

# The tenant stands in what ARM answers to a call without a token.
find_tenant() {
    send <<EOF
url $management/subscriptions/$subscription?api-version=2018-05-01
EOF
    tenant=$(printf '%s' "$answer" | tr -d '\r' | sed -n 's/.*authorization_uri="\([^"]*\)".*/\1/p' | head -n 1)
    tenant=${tenant%/} tenant=${tenant##*/}
}

base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}

# A statement signed with the certificate's key (RFC 7523), as aks-engine makes it.
make_assertion() {
    thumb=$(openssl x509 -in "$certificate" -outform DER 2>/dev/null | openssl dgst -sha1 -binary | base64url)
    now=$(date +%s)
    head=$(printf '{"alg":"RS256","typ":"JWT","x5t":"%s"}' "$thumb" | base64url)
    claims=$(printf '{"aud":"%s","iss":"%s","sub":"%s","jti":"%s","nbf":%s,"exp":%s}' "$token_url" "$client_id" \
        "$client_id" "$(openssl rand -hex 16)" "$((now - 60))" "$((now + 300))" | base64url)
    signature=$(printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -sign "$private_key" 2>/dev/null | base64url)
    [ -n "$thumb" ] && [ -n "$signature" ] && assertion=$head.$claims.$signature
}

probe_login() {
    if [ "$identity" = adfs ]; then
        login=${login%/}
        token_url=${login%/adfs}/adfs/oauth2/token
    else
        [ -n "$tenant" ] || find_tenant
        token_url=${login%/}/$tenant/oauth2/token
    fi
    if [ -n "$certificate" ]; then
        if ! command -v openssl >/dev/null; then
            tell login no-tool 0 'openssl is not on the VM: a login by certificate cannot be tried'
            return 1
        fi
        if ! make_assertion; then
            tell login refused 0 'the certificate or its private key cannot be used'
            return 1
        fi
        proof="field client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
field client_assertion=$assertion"
    else
        secret=
        [ ! -r "$secret_file" ] || IFS= read -r secret < "$secret_file" || :
        secret=${secret%"$(printf '\r')"}
        if [ -z "$secret" ]; then
            tell login refused 0 "the client secret's file is missing, empty or not to be read"
            return 1
        fi
        proof="field client_secret=$secret"
    fi
    send <<EOF
url $token_url
field grant_type=client_credentials
field client_id=$client_id
field resource=$audience
$proof
EOF
    token=
    [ "$kind" != ok ] || [ "$status" != 200 ] || token=$(value_of access_token)
    if [ -n "$token" ]; then
        tell login ok 200 "${token_url%/oauth2/token}"
        return 0
    elif [ "$kind" != ok ]; then
        tell login "$kind" "$status" "$detail (${token_url%/oauth2/token})"
    else
        tell login refused "$status" "$(code_of)"
    fi
    return 1
}

probe_providers() {
    send <<EOF
url $management/subscriptions/$subscription/providers?api-version=2018-05-01
header Authorization: Bearer $token
header Accept: application/json
EOF
    if [ "$kind" != ok ]; then
        tell providers "$kind" "$status" "$detail"
    elif [ "$status" = 200 ]; then
        tell providers ok 200
    else
        tell providers refused "$status" "$(code_of)"
    fi
}

# By the kubeconfig that aks-engine itself uses: its server and authority; its key is not read.
probe_kubernetes() {
    config=
    for file in "${model%/*}"/kubeconfig/kubeconfig.*.json; do
        [ ! -r "$file" ] || config=$file
    done
    if [ -z "$config" ]; then
        tell kubernetes skipped 0 'no kubeconfig is beside the api model'
        return 0
    fi
    answer=$(cat -- "$config")
    server=$(value_of server)
    if [ -z "$server" ]; then
        tell kubernetes skipped 0 "$config names no server"
        return 0
    fi
    authority=$(mktemp) || return 0
    value_of certificate-authority-data | base64 -d > "$authority" 2>/dev/null
    if [ -z "$tool" ]; then
        probe_tls kubernetes "$server" "$authority"
    else
        send <<EOF
url ${server%/}/readyz
cacert $authority
EOF
        case $kind,$status in
            ok,200|ok,401|ok,403) tell kubernetes ok "$status" "$server" ;;
            ok,*) tell kubernetes http "$status" "$server" ;;
            *) tell kubernetes "$kind" 0 "$detail ($server)" ;;
        esac
    fi
    rm -f -- "$authority"
}

if [ -n "$management" ]; then
    if probe_arm; then
        if [ -z "$client_id" ]; then
            tell login skipped 0 'fleet.yaml has no azure_stack.engine'
        elif probe_login; then
            probe_providers
        fi
    fi
fi
[ -z "$model" ] || probe_kubernetes
