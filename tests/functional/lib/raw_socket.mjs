// Bytes to a port and what comes back: for requests that no client library would make.
import net from "node:net";
import tls from "node:tls";

/**
 * Sends `bytes` and reads until the other side ends, an HTTP answer's headers are there (`http`),
 * or `within` has passed. `then` is sent once an HTTP answer has come. Gives
 * { received, ended, timed_out }.
 */
export function talk(port, bytes, { within = 5_000, http = false, then, tls: tls_options } = {}) {
    return new Promise((resolve) => {
        const pieces = [];
        let finished = false;
        const socket = tls_options
            ? tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...tls_options })
            : net.connect(port, "127.0.0.1");
        const finish = (how) => {
            if (finished) return;
            finished = true;
            clearTimeout(timer);
            socket.destroy();
            resolve({ received: Buffer.concat(pieces), ended: false, timed_out: false, ...how });
        };
        const timer = setTimeout(() => finish({ timed_out: true }), within);
        socket.on(
            tls_options ? "secureConnect" : "connect",
            () => bytes.length && socket.write(bytes),
        );
        socket.on("data", (piece) => {
            pieces.push(piece);
            if (then && Buffer.concat(pieces).includes("\r\n\r\n")) {
                socket.write(then);
                then = null;
            }
            if (http && Buffer.concat(pieces).includes("\r\n\r\n")) setTimeout(finish, 50, {});
        });
        socket.on("end", () => finish({ ended: true }));
        socket.on("close", () => finish({ ended: true }));
        socket.on("error", (error) => finish({ ended: true, error }));
    });
}
