// kill -9 under load, eight rounds of nodes that can spare two (lib/kills.mjs).
import { describe, it } from "node:test";
import { more } from "./lib/cluster.mjs";
import { run_rounds } from "./lib/kills.mjs";

describe("kill -9 under load", () => {
    it("enough to spare two, eight rounds", (t) =>
        run_rounds(t, more, [
            "leader", "minority", "all", "leader", "minority", "follower", "minority", "all",
        ]));
});
