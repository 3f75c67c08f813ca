// What a process that speaks to the local network sees: the libraries, Node, its own code and the packages that needs.
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";

const packages = [
  "@homebridge/ciao",
  "debug",
  "ms",
  "fast-deep-equal",
  "source-map-support",
  "source-map",
  "buffer-from",
  "tslib",
];
const libraries = ["/usr/lib", "/usr/lib64"];
const links = ["/lib", "/lib64"];

export function mdnsProfile(place: {
  readonly codeRoot: string;
  readonly node: string;
  readonly environment: Readonly<Record<string, string>>;
}): readonly string[] {
  const { codeRoot, node, environment } = place;
  const own = [join(codeRoot, "package.json"), join(codeRoot, "src/network/mdns"), node];
  const bound: (readonly [from: string, to: string])[] = [
    ...own.map((path) => [path, path] as const),
    ...packages.map((name) => join(codeRoot, "node_modules", name)).map((path) => [realpathSync(path), path] as const),
  ];
  const options: readonly (readonly string[])[] = [
    ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--disable-userns"],
    ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--hostname", "mdns"],
    ...Object.entries(environment).map(([name, value]) => ["--setenv", name, value]),
    ...libraries.filter((path) => existsSync(path)).map((path) => ["--ro-bind", path, path]),
    ...links.filter((path) => existsSync(path)).map(bindLink),
    ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"],
    ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", "--remount-ro", "/dev"],
    ...bound.map(([from, to]) => ["--ro-bind", from, to]),
    ["--chdir", "/", "--remount-ro", "/"],
  ];
  return options.flat();
}

function bindLink(path: string): readonly string[] {
  return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}
