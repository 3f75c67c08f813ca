// A compose file for those who run the gateway in a container: nothing but the host's own loopback reaches it, and it has
// no more rights than it needs to make sandboxes of its own.
import type { DeployFacts } from "./deploy.ts";
import { lines } from "./proxy.ts";

export function renderCompose({ port }: DeployFacts): string {
  return lines(
    "# compose.yaml, beside a checkout of Lorica; seccomp.json is printed by: lorica deploy render compose-seccomp",
    "services:",
    "  lorica:",
    "    build:",
    "      context: .",
    "      dockerfile_inline: |",
    "        FROM node:24-bookworm-slim",
    "        RUN apt-get update \\",
    "         && apt-get install -y --no-install-recommends bubblewrap ca-certificates git make perl python3 \\",
    "         && rm -rf /var/lib/apt/lists/*",
    "        WORKDIR /app",
    "        COPY . .",
    "        RUN npm ci && node tools/build-web.ts",
    "        USER node",
    '        ENTRYPOINT ["node", "--disable-sigusr1", "/app/lorica.mjs"]',
    "    # In the container the port is everybody's, and the container's port is this machine's alone: see below.",
    '    command: ["gateway", "run", "--bind", "lan"]',
    "    user: node",
    "    init: true",
    "    restart: unless-stopped",
    "    ports:",
    `      - "127.0.0.1:${port}:${port}"`,
    "    volumes:",
    "      - lorica:/home/node",
    "    read_only: true",
    "    tmpfs:",
    "      - /tmp:size=256m,mode=1777",
    "    cap_drop: [ALL]",
    "    security_opt:",
    "      - no-new-privileges:true",
    "      # Its sandboxes need user namespaces and a /proc of their own, which the default profile refuses.",
    "      - seccomp=./seccomp.json",
    "      - systempaths=unconfined",
    "    pids_limit: 1024",
    "    mem_limit: 3g",
    "    memswap_limit: 3g",
    "    cpus: 2",
    "    logging: { driver: json-file, options: { max-size: 10m, max-file: '3' } }",
    "volumes:",
    "  lorica: {}",
  );
}

/** What no process of a container has a use for. Namespaces and mounts stay: of them sandboxes are made. */
const refused =
  "keyctl add_key request_key bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct settimeofday clock_settime clock_adjtime adjtimex open_by_handle_at name_to_handle_at quotactl quotactl_fd syslog iopl ioperm fanotify_init lookup_dcookie process_vm_readv process_vm_writev ptrace pidfd_getfd kcmp nfsservctl vhangup uselib ustat sysfs _sysctl";

export function renderComposeSeccomp(): string {
  const profile = {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
    syscalls: [{ names: refused.split(" "), action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
  };
  return lines(JSON.stringify(profile, undefined, 2));
}
