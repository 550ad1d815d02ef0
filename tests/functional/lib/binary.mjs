// The program under test, and running its short-lived subcommands.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { signal_group, spawn_owned } from "./children.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const candidates = ["build/release/holdfast", "build/dev/holdfast"].map((path) => root + path);

export function find_binary() {
    const binary = process.env.HOLDFAST ?? candidates.find((path) => existsSync(path));
    if (!binary || !existsSync(binary))
        throw new Error(`no holdfast binary; build one (${candidates[0]}) or set HOLDFAST`);
    return binary;
}

/** Runs `holdfast <arguments>` to its end: { code, out, error_out }. Killed after `within` ms. */
export function holdfast(args, { within = 60_000, cwd, under = [] } = {}) {
    return new Promise((resolve, reject) => {
        const [command, ...rest] = [...under, find_binary(), ...args];
        const child = spawn_owned(command, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
        let out = "";
        let error_out = "";
        child.stdout.on("data", (text) => (out += text));
        child.stderr.on("data", (text) => (error_out += text));
        const timer = setTimeout(() => signal_group(child, "SIGKILL"), within);
        child.on("error", reject);
        child.on("close", (code, signal) => {
            clearTimeout(timer);
            resolve({ code, signal, out, error_out });
        });
    });
}

/** The same, but anything except success throws with what the program said. */
export async function holdfast_ok(args, options) {
    const result = await holdfast(args, options);
    if (result.code !== 0)
        throw new Error(
            `holdfast ${args.join(" ").slice(0, 200)} gave ${result.code ?? result.signal}: ` +
                `${result.error_out}${result.out}`,
        );
    return result.out;
}
