// Of every family's encoding test: one encoding for each message, and none for anything else.
#pragma once

#include <gtest/gtest.h>

#include "base/random.h"
#include "consensus/step.h"

namespace holdfast::consensus {

/// Equal bytes are equal messages. The kind's number on the wire is its place among `bodies`.
/// `look` gets what came back.
template <class Header, class Body, class Encode, class Decode, class Look>
void expect_unchanged(const Header& header, const std::vector<Body>& bodies, Encode encode,
                      Decode decode, Look look) {
    uint8_t kind = 0;
    for (const Body& body : bodies) {
        const Buffer bytes = encode(header, body);
        EXPECT_EQ(bytes->at(1), kind++);
        const auto message = decode(*bytes);
        ASSERT_TRUE(message.has_value());
        look(*message);
        EXPECT_EQ(*encode(message->header, message->body), *bytes);
    }
}

template <class Header, class Body, class Encode, class Decode>
void expect_prefixes_and_tails_refused(const Header& header, const std::vector<Body>& bodies,
                                       Encode encode, Decode decode) {
    for (const Body& body : bodies) {
        Bytes bytes = *encode(header, body);
        for (size_t size = 0; size < bytes.size(); ++size)
            EXPECT_FALSE(decode(ByteView(bytes).first(size)).has_value());
        bytes.push_back(0);
        EXPECT_FALSE(decode(bytes).has_value());
    }
}

template <class Header, class Body, class Encode, class Decode>
void expect_flips_refused_or_another(const Header& header, const std::vector<Body>& bodies,
                                     Encode encode, Decode decode) {
    Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes = *encode(header, bodies[random.below(bodies.size())]);
        for (uint64_t flips = random.between(1, 4); flips > 0; --flips)
            bytes[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
        const auto message = decode(bytes);
        if (message) {
            EXPECT_EQ(*encode(message->header, message->body), bytes);
        }
    }
}

}  // namespace holdfast::consensus
