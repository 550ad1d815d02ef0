// Ports that nobody else has. They are taken below the range that the kernel draws outgoing ports
// from: otherwise a killed node could find its own port lent to somebody's outgoing connection when
// it comes back. And nobody else's test may take them while it is down: a process claims an area of
// ports, by listening at its first one for as long as it lives, and gives blocks out of that.
import { createServer } from "node:net";

const lowest = 15_000;
const highest = 30_000; // what `holdfast tour` takes is above
const area_size = 250;
const area_count = (highest - lowest) / area_size;
let next = 0; // the first port of the claimed area that was not given away
let end = 0;

/** Resolves to a server that listens there, or to null. */
function listen(port) {
    return new Promise((resolve) => {
        const server = createServer();
        server.once("error", () => resolve(null));
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
    });
}
async function is_free(port) {
    const server = await listen(port);
    if (server) await new Promise((resolve) => server.close(resolve));
    return server !== null;
}
async function claim_area() {
    for (let attempt = 0; attempt < 10 * area_count; attempt++) {
        const first = lowest + area_size * Math.floor(Math.random() * area_count);
        const claim = await listen(first);
        if (!claim) continue;
        claim.unref();
        [next, end] = [first + 1, first + area_size];
        return;
    }
    throw new Error("no free area of ports found");
}

/** The first of `count` free ports in a row. */
export async function free_port_block(count) {
    if (count >= area_size) throw new Error(`${count} ports are more than an area has`);
    for (;;) {
        if (next + count > end) await claim_area();
        const first = next;
        next += count;
        const block = Array.from({ length: count }, (_, index) => first + index);
        if ((await Promise.all(block.map(is_free))).every(Boolean)) return first;
    }
}
