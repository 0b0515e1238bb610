// The MQTT client against bytes, good and hostile.
#include <doctest/doctest.h>

#include "broker_bytes.hpp"
#include "fakes.hpp"
#include "mqtt_client.hpp"

using namespace gatehouse;
using namespace gatehouse::test;
using gatehouse::mqtt::Client;
using gatehouse::mqtt::Incoming;

namespace {

using Kind = Incoming::Kind;

struct Line {
    Client client;
    std::string stream;

    Line() {
        mqtt::ConnectOptions options;
        options.clientId = "relay-1"_t;
        options.userName = "relay-1"_t;
        options.password = "pass"_t;
        options.willTopic = "homie/5/relay-1/$state"_t;
        options.willPayload = "lost"_t;
        client.start(options, 0);
    }

    /// Everything the client wants to send.
    std::vector<Sent> taken(uint64_t now = 0) {
        stream += str(client.out().pending());
        if (!client.out().pending().empty()) {
            client.sent(client.out().pending().size, now);
        }
        return takePackets(stream);
    }

    /// The kinds that come of `bytes`, until they are used up or malformed.
    std::vector<Kind> feed(const std::string& bytes, uint64_t now = 0) {
        std::vector<Kind> kinds;
        // A block of exactly this size, so that a read too far is seen.
        const std::vector<char> block(bytes.begin(), bytes.end());
        Text rest(block.data(), block.size());
        while (true) {
            const Incoming incoming = client.next(rest, now);
            if (incoming.kind == Kind::Nothing) {
                CHECK(rest.empty());
                return kinds;
            }
            kinds.push_back(incoming.kind);
            if (incoming.kind == Kind::Malformed) {
                return kinds;
            }
            if (incoming.kind == Kind::Message) {
                client.acknowledge(incoming.message);
            }
        }
    }

    void logIn() {
        REQUIRE(feed(connack()) == std::vector<Kind>{Kind::Connected});
        taken();
    }
};

const std::vector<Kind> kMalformed = {Kind::Malformed};

}  // namespace

TEST_CASE("mqtt: the CONNECT, byte by byte") {
    Line line;
    const std::string expected = packet(0x10, be16(4) + "MQTT" + '\x04' + '\xee' + be16(10) + be16(7) +
                                                  "relay-1" + be16(22) + "homie/5/relay-1/$state" + be16(4) +
                                                  "lost" + be16(7) + "relay-1" + be16(4) + "pass");
    CHECK(str(line.client.out().pending()) == expected);
}

TEST_CASE("mqtt: login answers") {
    SUBCASE("accepted") {
        CHECK(Line().feed(connack(0)) == std::vector<Kind>{Kind::Connected});
    }
    SUBCASE("refused") {
        CHECK(Line().feed(connack(5)) == std::vector<Kind>{Kind::LoginRefused});
    }
    SUBCASE("anything else before it") {
        CHECK(Line().feed(pingresp()) == kMalformed);
        CHECK(Line().feed(publish("a", "b")) == kMalformed);
        CHECK(Line().feed(publish("a", std::string(1000, 'b'))) == kMalformed);
        CHECK(Line().feed(suback(1)) == kMalformed);
    }
    SUBCASE("out of form") {
        CHECK(Line().feed(packet(0x20, "")) == kMalformed);
        CHECK(Line().feed(packet(0x20, std::string("\x01\x00", 2))) == kMalformed);
        CHECK(Line().feed(packet(0x20, std::string(3, '\0'))) == kMalformed);
        CHECK(Line().feed(packet(0x21, std::string(2, '\0'))) == kMalformed);
    }
    SUBCASE("twice") {
        CHECK(Line().feed(connack() + connack()) == std::vector<Kind>{Kind::Connected, Kind::Malformed});
    }
}

TEST_CASE("mqtt: a publish is QoS 1 and its id is free again after the PUBACK") {
    Line line;
    line.logIn();
    CHECK(line.client.publish("base/"_t, "topic"_t, "payload"_t, true));
    CHECK(line.client.publish("base/"_t, "other"_t, ""_t, false));
    const std::vector<Sent> sent = line.taken();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].flags == 3);
    CHECK(sent[0].topic == "base/topic");
    CHECK(sent[0].payload == "payload");
    CHECK(sent[1].flags == 2);
    CHECK(sent[1].payload.empty());
    CHECK(sent[0].id != sent[1].id);
    CHECK(line.client.inFlight() == 2);
    line.feed(puback(sent[0].id) + puback(9999));
    CHECK(line.client.inFlight() == 1);
}

TEST_CASE("mqtt: a payload of every length around the length byte's carry") {
    for (const size_t size : {100U, 115U, 116U, 117U, 118U, 119U, 130U, 3000U}) {
        Line line;
        line.logIn();
        const std::string payload(size, 'p');
        REQUIRE(line.client.publish("base/"_t, "topic"_t, view(payload), false));
        const std::vector<Sent> sent = line.taken();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].payload == payload);
    }
}

TEST_CASE("mqtt: no more than the table holds is in flight, and ids wrap around those in use") {
    Line line;
    line.logIn();
    REQUIRE(line.client.publish("t"_t, ""_t, ""_t, false));
    const unsigned held = line.taken().at(0).id;
    for (int turn = 0; turn < 70000; ++turn) {
        REQUIRE(line.client.publish("t"_t, ""_t, ""_t, false));
        const Sent sent = line.taken().at(0);
        REQUIRE(sent.id != 0);
        REQUIRE(sent.id != held);
        line.feed(puback(sent.id));
    }
    for (size_t more = 1; more < mqtt::kInFlightMax; ++more) {
        CHECK(line.client.publish("t"_t, ""_t, ""_t, false));
    }
    CHECK_FALSE(line.client.publish("t"_t, ""_t, ""_t, false));
    line.feed(puback(held));
    CHECK(line.client.publish("t"_t, ""_t, ""_t, false));
}

TEST_CASE("mqtt: a full buffer takes nothing in part") {
    Line line;
    line.logIn();
    const std::string large(3000, 'l');
    CHECK(line.client.publish("t"_t, ""_t, view(large), false));
    CHECK(line.client.publish("t"_t, ""_t, view(large), false));
    const size_t pending = line.client.out().pending().size;
    CHECK_FALSE(line.client.publish("t"_t, ""_t, view(large), false));
    CHECK(line.client.out().pending().size == pending);
    CHECK(line.client.inFlight() == 2);
    // Sent by halves, which leaves a hole at the front that later bytes move into.
    line.stream = str(line.client.out().pending().first(2000));
    line.client.sent(2000, 1);
    CHECK(line.client.publish("t"_t, ""_t, view(large.substr(0, 1500)), false));
    const std::vector<Sent> sent = line.taken();
    REQUIRE(sent.size() == 3);
    CHECK(sent[1].payload == large);
    CHECK(sent[2].payload.size() == 1500);
}

TEST_CASE("mqtt: messages of both qualities, whole and byte by byte") {
    const std::string bytes = publish("base/$command", "hello", 1, 4711) + publish("x", "", 0) + pingresp() +
                              publish("base/retained", "old", 1, 12, true);
    for (const size_t piece : {bytes.size(), size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
        CAPTURE(piece);
        Line line;
        line.logIn();
        size_t messages = 0;
        for (size_t at = 0; at < bytes.size(); at += piece) {
            const std::string part = bytes.substr(at, piece);
            Text rest = view(part);
            for (Incoming in = line.client.next(rest, 0); in.kind != Kind::Nothing;
                 in = line.client.next(rest, 0)) {
                REQUIRE(in.kind == Kind::Message);
                ++messages;
                CHECK(str(in.message.topic) == (messages == 1   ? "base/$command"
                                                : messages == 2 ? "x"
                                                                : "base/retained"));
                CHECK(str(in.message.payload) == (messages == 1 ? "hello" : messages == 2 ? "" : "old"));
                CHECK(in.message.retain == (messages == 3));
                line.client.acknowledge(in.message);
            }
        }
        CHECK(messages == 3);
        const std::vector<Sent> acks = line.taken();
        REQUIRE(acks.size() == 2);
        CHECK(acks[0].type == 4);
        CHECK(acks[0].id == 4711);
        CHECK(acks[1].id == 12);
    }
}

TEST_CASE("mqtt: a message too long is skipped and acknowledged, and the next one is whole") {
    const std::string bytes = publish(std::string(200, 't'), std::string(5000, 'p'), 1, 77) +
                              publish("short", std::string(600, 'p'), 0) + publish("next", "ok", 1, 78);
    for (const size_t piece : {bytes.size(), size_t{1}, size_t{199}}) {
        Line line;
        line.logIn();
        std::vector<Kind> kinds;
        for (size_t at = 0; at < bytes.size(); at += piece) {
            for (const Kind kind : line.feed(bytes.substr(at, piece))) {
                kinds.push_back(kind);
            }
        }
        CHECK(kinds == std::vector<Kind>{Kind::TooLong, Kind::TooLong, Kind::Message});
        const std::vector<Sent> acks = line.taken();
        REQUIRE(acks.size() == 2);
        CHECK(acks[0].id == 77);
        CHECK(acks[1].id == 78);
    }
}

TEST_CASE("mqtt: hostile packets end the connection") {
    const std::string hostile[] = {
        packet(0x00, ""),                                // no such type
        packet(0xf0, ""),                                // nor this
        packet(0x10, "x"),                               // only a client connects
        packet(0x82, "x"),                               // or subscribes
        packet(0xc0, ""),                                // or pings
        packet(0xe0, ""),                                // or says goodbye
        packet(0x50, be16(1)),                           // QoS 2 was never asked for
        packet(0x34, be16(1) + "t" + be16(1)),           // QoS 2 message
        packet(0x36, be16(1) + "t" + be16(1)),           // QoS 3
        packet(0x41, be16(1)),                           // flags that must be 0
        packet(0x40, "x"),                               // half an id
        packet(0xd0, "x"),                               // a body that must not be
        packet(0x30, ""),                                // no topic length
        packet(0x30, be16(0)),                           // an empty topic
        packet(0x30, be16(10) + "short"),                // topic beyond the packet
        packet(0x32, be16(1) + "t"),                     // no packet id
        packet(0x32, be16(1) + "t" + be16(0)),           // packet id 0
        packet(0x30, be16(3) + "a/+"),                   // wildcard in a topic
        packet(0x30, be16(3) + std::string("a\0b", 3)),  // NUL in a topic
        packet(0x90, be16(1) + "\x01\x01"),              // SUBACK nobody waits for
        std::string("\x30\xff\xff\xff\xff\x7f"),         // five length bytes
        std::string("\x30\xff\xff\xff\x7f"),             // 256 MB announced
        packet(0x40, std::string(600, 'x')),             // a PUBACK of 600 bytes
    };
    for (const std::string& bytes : hostile) {
        Line line;
        line.logIn();
        CAPTURE(static_cast<unsigned>(static_cast<unsigned char>(bytes[0])));
        CAPTURE(bytes.size());
        CHECK(line.feed(bytes) == kMalformed);
    }
}

TEST_CASE("mqtt: two hundred thousand random bytes harm nothing") {
    FakeChip chip;
    size_t malformed = 0;
    for (int run = 0; run < 2000; ++run) {
        Line line;
        line.feed(connack());
        line.client.subscribe("base/"_t, {"a"_t, "b"_t, "c"_t});
        std::string noise;
        for (int at = 0; at < 100; ++at) {
            const uint32_t random = chip.random();
            // Often a valid first byte and a small length, so that the noise gets past the header.
            const char likely[] = {0x30, 0x32, 0x40, 0x02, 0x05, '\xd0', 0x00, 't'};
            noise.push_back(random % 3 == 0 ? static_cast<char>(random >> 8) : likely[(random >> 8) % 8]);
        }
        for (const Kind kind : line.feed(noise)) {
            malformed += kind == Kind::Malformed ? 1U : 0U;
        }
    }
    CHECK(malformed > 1000);
}

TEST_CASE("mqtt: subscriptions granted and refused") {
    for (const int code : {0, 1, 2, 0x80}) {
        Line line;
        line.logIn();
        REQUIRE(line.client.subscribe("base/"_t, {"$command"_t, "+/+/set"_t, "$x"_t, "$y"_t}));
        const Sent sent = line.taken().at(0);
        CHECK(sent.type == 8);
        CHECK(sent.flags == 2);
        CHECK(sent.body == be16(sent.id) + be16(13) + "base/$command\x01" + be16(12) + "base/+/+/set\x01" +
                               be16(7) + "base/$x\x01" + be16(7) + "base/$y\x01");
        CHECK(line.feed(suback(sent.id, code, 1)) ==
              std::vector<Kind>{code <= 1 ? Kind::Subscribed : Kind::SubscribeRefused});
    }
    for (const int code : {0, 0x80}) {  // an older gateway knows no secrets
        Line line;
        line.logIn();
        REQUIRE(line.client.subscribe("base/"_t, {"$command"_t, "+/+/set"_t, "$x"_t}));
        CHECK(line.feed(suback(line.taken().at(0).id, 1, 1, code)) == std::vector<Kind>{Kind::Subscribed});
    }
    Line line;
    line.logIn();
    REQUIRE(line.client.subscribe("base/"_t, {"$command"_t, "+/+/set"_t, "$x"_t}));
    CHECK(line.feed(suback(line.taken().at(0).id + 1)) == kMalformed);
}

TEST_CASE("mqtt: pings after 7.5 s of silence on either side, and a mute broker after 3 s more") {
    Line line;
    line.logIn();
    CHECK(line.client.nextDeadlineMs() == 7500);
    CHECK(line.client.tick(7499));
    CHECK(line.taken(7499).empty());
    CHECK(line.client.tick(7500));
    REQUIRE(line.taken(7500).size() == 1);
    CHECK(line.client.tick(10499));
    CHECK(line.feed(pingresp(), 10499).empty());
    CHECK(line.client.tick(10500));
    // We talk, it does not: it is asked all the same.
    REQUIRE(line.client.publish("t"_t, ""_t, ""_t, false));
    line.feed(puback(line.taken(17000).at(0).id), 10500);
    CHECK(line.client.tick(17999));
    CHECK(line.taken(17999).empty());
    CHECK(line.client.tick(18000));
    CHECK(line.taken(18000).at(0).type == 12);
    CHECK(line.client.tick(20999));
    CHECK_FALSE(line.client.tick(21000));
}

TEST_CASE("mqtt: a broker that answers no login, or acknowledges nothing, is mute") {
    Line silent;
    CHECK(silent.client.tick(4999));
    CHECK_FALSE(silent.client.tick(5000));

    Line forgetful;
    forgetful.logIn();
    REQUIRE(forgetful.client.tick(1000));
    REQUIRE(forgetful.client.publish("t"_t, ""_t, ""_t, false));
    forgetful.taken(1000);
    for (uint64_t now = 2000; now < 11000; now += 1000) {
        CHECK(forgetful.client.tick(now));
        forgetful.feed(pingresp(), now);
    }
    CHECK_FALSE(forgetful.client.tick(11000));
}
