// The one owner of all processes that a test file starts. None outlives the file's own process,
// however that ends: with its tests, with a failure that left something behind, or stopped from
// outside because it took too long.
import { spawn } from "node:child_process";

const living = new Set();

/**
 * As `spawn` of Node, but in a group of its own: what a wrapper such as strace or a shell has
 * started gets the same signals.
 */
export function spawn_owned(command, args, options = {}) {
    const child = spawn(command, args, { ...options, detached: true });
    if (child.pid !== undefined) living.add(child);
    child.on("close", () => living.delete(child));
    return child;
}

/** To the child and all of its group; one that has ended already hears nothing. */
export function signal_group(child, signal) {
    if (child.pid === undefined) return; // it could not be started at all
    try {
        process.kill(-child.pid, signal);
    } catch (error) {
        if (error.code !== "ESRCH") throw error;
    }
}

process.on("exit", () => {
    for (const child of living) signal_group(child, "SIGKILL");
});
// Without these a signal would end this process with no word to its children.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
