// The encoding of messages that are the same in several engines.
#include "consensus/wire.h"

namespace holdfast::consensus {
namespace {

void write(Writer& out, const Life& life) {
    out.u64(life.incarnation);
    out.u64(life.boot);
}

Life read_life(Reader& in) {
    Life life;
    life.incarnation = in.u64();
    life.boot = in.u64();
    return life;
}

}  // namespace

void write(Writer& out, const Behind& message) {
    out.ordinal(message.upto);
    out.u64(message.round);
}

Behind read_behind(Reader& in) {
    Behind message;
    message.upto = read_ordinal<Height>(in);
    message.round = in.u64();
    return message;
}

void write(Writer& out, const ReadRequest& message) {
    write(out, message.asker);
    out.u64(message.number);
}

ReadRequest read_read_request(Reader& in) {
    ReadRequest message;
    message.asker = read_life(in);
    message.number = in.u64();
    return message;
}

void write(Writer& out, const ReadReply& message) {
    write(out, message.asker);
    out.u64(message.number);
    out.boolean(message.granted);
    out.ordinal(message.height);
}

ReadReply read_read_reply(Reader& in) {
    ReadReply message;
    message.asker = read_life(in);
    message.number = in.u64();
    message.granted = in.boolean();
    message.height = read_ordinal<Height>(in);
    return message;
}

}  // namespace holdfast::consensus
