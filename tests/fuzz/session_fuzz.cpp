// A session fed with anything, in any pieces: it never crashes, never holds or delivers more than
// its limits, and after it has closed it says nothing more.
#include <cstdint>

#include "base/check.h"
#include "base/random.h"
#include "session/session.h"

namespace {

using namespace holdfast;
using session::Session;

constexpr size_t pieces_max = 4096;

Bytes good_hello(const Hash32& genesis) {
    Bytes bytes;
    session::write_frame(bytes, session::Hello{.genesis = genesis,
                                               .self = NodeId(2),
                                               .peer = NodeId(1),
                                               .incarnation = 22,
                                               .resume = std::nullopt});
    return bytes;
}

void check(Session& under_test, const session::Output& output) {
    for (const Buffer& message : output.messages) {
        CHECK(message->size() <= session::message_bytes_max, "messages are bounded");
    }
    if (!output.close) return;
    CHECK(!output.close->code.name.empty(), "a close has a name");
    CHECK(!under_test.is_connected() && !under_test.deadline(), "a close is a close");
    const Bytes more(100);
    const session::Output after = under_test.received(Instant{}, more);
    CHECK(after.messages.empty() && after.frames.empty() && !after.close, "closed is silent");
}

}  // namespace

/// The first byte says how to begin: whether greeted already, and how small the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const uint8_t how = data[0];
    ByteView left(data + 1, size - 1);
    session::Identity identity;
    identity.genesis.bytes.fill(9);
    identity.self = NodeId(1);
    identity.incarnation = 11;
    Session under_test(identity, NodeId(2), {});
    Instant now{};
    (void)under_test.connected(now);
    if ((how & 1) != 0) check(under_test, under_test.received(now, good_hello(identity.genesis)));
    if ((how & 2) != 0)  // something that an acknowledgement can be of
        (void)under_test.send(now, env::Priority::bulk, make_buffer(Bytes(100'000)));
    (void)under_test.writable(now, 1 << 20);

    Random random(how);
    const size_t piece_max = (how & 4) != 0 ? 8 : std::max<size_t>(left.size(), 1);
    for (size_t i = 0; i < pieces_max && !left.empty(); ++i) {
        const size_t piece = std::min<size_t>(random.between(1, piece_max), left.size());
        check(under_test, under_test.received(now, left.first(piece)));
        left = left.subspan(piece);
        (void)under_test.writable(now, 1000);
        now += Duration{1000};
        check(under_test, under_test.tick(now));
    }
    CHECK(under_test.counters().in_flight_bytes <= 200'000, "only what was sent is in flight");
    return 0;
}
