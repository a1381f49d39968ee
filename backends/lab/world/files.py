"""The file system a container seems to have, from its pod: a few files that operators look at."""

from __future__ import annotations

from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster

_HOME = "/root"
_TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


def container_files(cluster: Cluster, pod: Object) -> dict[str, str]:
    """Return the text of every file by absolute path."""
    name, address = pod["metadata"]["name"], pod["status"].get("podIP", "127.0.0.1")
    namespace = pod["metadata"]["namespace"]
    search = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    return {
        "/etc/hostname": f"{name}\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n{address}\t{name}\n",
        "/etc/resolv.conf": f"search {search}\nnameserver 10.0.0.10\noptions ndots:5\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
        "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/bash\n",
        "/proc/version": "Linux version 5.15.0-1089-azure (buildd@lcy02-amd64-063)\n",
        "/proc/uptime": "86400.00 170000.00\n",
        "/usr/src/app/package.json": '{"name": "ratings", "version": "1.0.0"}\n',
        "/usr/src/app/server.js": 'require("./app").listen(process.env.PORT || 3000);\n',
        f"{_TOKEN_FOLDER}/namespace": namespace,
        "/var/log/.keep": "",
        f"{_HOME}/.profile": "",
    }


def container_environment(cluster: Cluster, pod: Object, container: str) -> dict[str, str]:
    """Return the environment of a container: its own variables and those of the services beside it."""
    found = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME": pod["metadata"]["name"],
        "HOME": _HOME,
        "TERM": "xterm",
        "KUBERNETES_PORT": "tcp://10.0.0.1:443",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }
    for service in cluster.index.in_namespace("services", pod["metadata"]["namespace"]):
        address = service["spec"].get("clusterIP")
        if address and address != "None" and service["spec"].get("ports"):
            prefix = service["metadata"]["name"].upper().replace("-", "_").replace(".", "_")
            found[f"{prefix}_SERVICE_HOST"] = address
            found[f"{prefix}_SERVICE_PORT"] = str(service["spec"]["ports"][0]["port"])
    spec = next((each for each in pod["spec"]["containers"] if each["name"] == container), None)
    for each in (spec or {}).get("env") or ():
        found[each["name"]] = str(each.get("value", ""))
    return found
