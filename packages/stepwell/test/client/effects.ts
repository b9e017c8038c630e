/** Counts what was done, and fails what is listed in `broken`. */
export function outside() {
  const done: string[] = [];
  const broken = new Set<string>();
  const effect = (name: string) => () => {
    done.push(name);
    if (broken.has(name)) throw new Error(`${name} is broken`);
    return name;
  };
  return { done, broken, effect };
}
