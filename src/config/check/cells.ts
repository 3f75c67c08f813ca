// What a cell is given beside its workspace: folders of the host and in memory, none of which may open it. Where their
// links lead is looked at again before each start of a cell.
import { normalize } from "node:path";
import { parseBind, refusedTarget } from "../../protocol/known/binds.ts";
import type { Config } from "../schema/schema.ts";

type Problem = { readonly path: readonly (string | number)[]; readonly message: string };

export function cellProblems({ agents }: Config): readonly Problem[] {
  const owners: readonly (readonly [
    Problem["path"],
    { readonly binds?: unknown; readonly tmpfs?: unknown } | undefined,
  ])[] = [
    [["agents", "defaults"], agents.defaults.sandbox.docker],
    ...agents.list.map((agent, at) => [["agents", "list", at], agent.sandbox?.docker] as const),
  ];
  return owners.flatMap(([path, docker]) => {
    const at = (name: string, index: number): Problem["path"] => [...path, "sandbox", "docker", name, index];
    const binds = textsOf(docker?.binds).flatMap((text, index) => {
      const bind = parseBind(text);
      return bind.ok ? [] : [{ path: at("binds", index), message: bind.reason }];
    });
    const folders = textsOf(docker?.tmpfs).flatMap((folder, index) => {
      const reason = normalize(folder) === folder ? refusedTarget(folder) : `${folder} is not a plain path`;
      return reason === undefined ? [] : [{ path: at("tmpfs", index), message: reason }];
    });
    return [...binds, ...folders];
  });
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
