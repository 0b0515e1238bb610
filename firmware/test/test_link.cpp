// Losing the gateway and finding it again, and a gateway that misbehaves.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

using Words = std::vector<std::string>;

/// Passes time until the board dials; how long that took.
uint64_t untilDial(World& world) {
    const uint64_t from = world.now;
    do {
        REQUIRE(world.board->nextDeadlineMs() != UINT64_MAX);
        world.now = world.board->nextDeadlineMs();
        world.post(Event::Kind::Tick);
    } while (!world.asked(Effect::Kind::Dial));
    return world.now - from;
}

}  // namespace

TEST_CASE("link: it dials at once when Wi-Fi comes, then backs off with jitter up to 30 s") {
    World world;
    world.boot();
    CHECK(world.board->nextDeadlineMs() == UINT64_MAX);
    world.post(Event::Kind::WifiUp);
    CHECK(world.asked(Effect::Kind::Dial));
    for (const uint64_t ceiling : {1000U, 2000U, 4000U, 8000U, 16000U, 30000U, 30000U}) {
        world.post(Event::Kind::Disconnected);
        CHECK(world.logged(Notice::ConnectFailed));
        const uint64_t delay = untilDial(world);
        CHECK(delay >= ceiling / 2);
        CHECK(delay <= ceiling);
    }
    // Wi-Fi coming back starts over.
    world.post(Event::Kind::WifiDown);
    CHECK(world.board->nextDeadlineMs() == UINT64_MAX);
    world.post(Event::Kind::WifiUp);
    CHECK(world.asked(Effect::Kind::Dial));
    world.post(Event::Kind::Disconnected);
    CHECK(untilDial(world) <= 1000);
}

TEST_CASE("link: a dial without an answer is given up") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    world.advance(Board::kDialMs - 1);
    CHECK_FALSE(world.asked(Effect::Kind::Close));
    world.advance(1);
    CHECK(world.asked(Effect::Kind::Close));
    CHECK(world.logged(Notice::ConnectFailed));
}

TEST_CASE("link: a handshake has a time of its own, and nothing is sent before its end") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    world.advance(Board::kDialMs - 1);
    world.post(Event::Kind::Securing);
    world.advance(Board::kHandshakeMs - 1);
    CHECK_FALSE(world.asked(Effect::Kind::Close));
    CHECK(world.take().empty());
    SUBCASE("it ends well") {
        CHECK(contains(words(world.logIn()), "packet 1"));
        CHECK(world.board->ready());
    }
    SUBCASE("it fails") {
        world.post(Event::Kind::Disconnected);
        CHECK(world.logged(Notice::ConnectFailed));
        CHECK(untilDial(world) <= 1000);
    }
    SUBCASE("it does not end") {
        world.advance(1);
        CHECK(world.asked(Effect::Kind::Close));
        CHECK(world.logged(Notice::ConnectFailed));
    }
}

TEST_CASE("link: only a connection that lasts makes the back-off start over") {
    World world;
    world.boot();
    world.connect();
    for (int turn = 0; turn < 4; ++turn) {
        world.post(Event::Kind::Disconnected);
        untilDial(world);
        world.logIn();
    }
    world.post(Event::Kind::Disconnected);
    CHECK(untilDial(world) >= 8000);
    world.logIn();
    world.advance(Board::kStableMs);
    world.settle();
    world.post(Event::Kind::Disconnected);
    CHECK(untilDial(world) <= 1000);
}

TEST_CASE("link: a mute broker is left after a ping without an answer") {
    World world;
    world.boot();
    world.connect();
    const uint64_t from = world.now;
    while (!world.asked(Effect::Kind::Close)) {
        world.now = world.board->nextDeadlineMs();
        world.post(Event::Kind::Tick);
        REQUIRE(world.now - from < 15000);
    }
    CHECK(world.logged(Notice::BrokerMute));
    CHECK(world.now - from == mqtt::kPingAfterMs + mqtt::kPingAnswerMs);
    CHECK(untilDial(world) <= 1000);
}

TEST_CASE("link: a broker that answers pings stays") {
    World world;
    world.boot();
    world.connect();
    for (int turn = 0; turn < 60; ++turn) {
        world.advance(1000);
        CHECK_FALSE(world.asked(Effect::Kind::Close));
        world.settle();
    }
    CHECK(world.board->ready());
}

TEST_CASE("link: a broker whose socket takes nothing is left too") {
    World world;
    world.boot();
    world.connect();
    world.writable = false;
    world.advance(mqtt::kPingAfterMs + mqtt::kPingAnswerMs);
    CHECK(world.asked(Effect::Kind::Close));
}

TEST_CASE("link: a broker that stalls the announcement is left") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.receive(connack());
    const uint64_t from = world.now;
    while (!world.asked(Effect::Kind::Close)) {
        world.advance(1000);
        for (const Sent& sent : world.take()) {  // acknowledges all, but never the subscription
            if (sent.type == 3) {
                world.receive(puback(sent.id));
            }
        }
        if (!world.asked(Effect::Kind::Close)) {
            world.advance(0);
        }
        REQUIRE(world.now - from <= HomieSession::kAnnounceMs);
    }
}

TEST_CASE("link: refused logins and subscriptions are told, and tried again later") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.receive(connack(5));
    CHECK(world.logged(Notice::LoginRefused));
    CHECK(world.asked(Effect::Kind::Close));
    untilDial(world);
    world.post(Event::Kind::Connected);
    world.take();
    world.receive(connack());
    bool refused = false;
    while (!refused) {
        REQUIRE_FALSE(world.outbox.empty());
        for (const Sent& sent : world.take()) {
            if (sent.type == 3) {
                world.receive(puback(sent.id));
            } else if (sent.type == 8) {
                world.receive(suback(sent.id, 0x80, 1));
                refused = true;
                break;
            }
        }
    }
    CHECK(world.logged(Notice::SubscribeRefused));
    CHECK_FALSE(world.board->ready());
}

TEST_CASE("link: malformed bytes end the connection, not the board") {
    World world;
    world.boot();
    world.connect();
    world.command(1, "relay-1/on", "true");
    world.receive(std::string("\xff\xff\xff\xff\xff\xff", 6));
    CHECK(world.logged(Notice::MalformedPacket));
    CHECK(world.asked(Effect::Kind::Close));
    CHECK(world.board->pending().empty());
    CHECK(world.pins.level[0]);
    // Bytes still in the pipe of the dead connection do nothing.
    world.take();
    world.command(2, "relay-1/on", "false");
    CHECK(world.pins.level[0]);
    CHECK(world.take().empty());
    untilDial(world);
    world.logIn();
    CHECK(world.board->ready());
}

TEST_CASE("link: the gateway's absence moves no relay, and the next session tells the truth") {
    World world;
    world.boot();
    world.connect();
    world.command(4, "relay-1/on", "true");
    world.settle();
    const std::string old = world.session;
    world.post(Event::Kind::WifiDown);
    world.advance(3600 * 1000);
    CHECK(world.pins.level[0]);
    world.take();
    const Words said = words(world.connect());
    CHECK(world.session != old);
    bool reported = false;
    for (const std::string& word : said) {
        // the counter goes on, and what was obeyed in the earlier session is still known
        reported = reported || word == "$report " + world.session + " 4 " + std::to_string(world.now) +
                                           " relay-1/on true command " + old + ":4";
    }
    CHECK(reported);
    world.command(5, "relay-1/on", "false", UINT64_MAX >> 1, old);
    CHECK(world.pins.level[0]);
}

TEST_CASE("link: reports that were not acknowledged are not sent again") {
    World world;
    world.boot();
    world.connect();
    world.command(1, "relay-1/on", "true");
    world.take();
    world.post(Event::Kind::Disconnected);
    untilDial(world);
    size_t reports = 0;
    for (const std::string& word : words(world.logIn())) {
        reports += word.rfind("$report", 0) == 0 ? 1U : 0U;
    }
    CHECK(reports == 2);
}

TEST_CASE("link: without acknowledgements the newest state waits and goes out first") {
    World world;
    world.boot();
    world.connect();
    unsigned seq = 0;
    std::vector<Sent> said;
    while (said.size() < mqtt::kInFlightMax) {
        ++seq;
        world.command(seq, "relay-1/on", seq % 2 == 1 ? "true" : "false");
        for (const Sent& sent : world.take()) {
            if (sent.type == 3) {
                said.push_back(sent);
            }
        }
        REQUIRE(seq < 100);
    }
    for (int more = 0; more < 5; ++more) {
        ++seq;
        world.command(seq, "relay-1/on", seq % 2 == 1 ? "true" : "false");
    }
    CHECK(words(world.take()) == Words(5, "packet 4"));
    CHECK(world.pins.level[0] == (seq % 2 == 1));
    for (const Sent& sent : said) {
        world.receive(puback(sent.id));
    }
    std::string newest;
    for (const std::string& word : words(world.settle())) {
        if (word.rfind("$report", 0) == 0) {
            newest = word;
        }
    }
    const std::string s = world.session;
    CHECK(newest.substr(newest.find("relay-1")) == std::string("relay-1/on ") +
                                                       (seq % 2 == 1 ? "true" : "false") + " command " + s +
                                                       ":" + std::to_string(seq));
}

TEST_CASE("link: a socket that takes nothing stops the input before the buffer overflows") {
    World world;
    world.boot();
    world.connect();
    world.writable = false;
    unsigned seq = 0;
    while (world.board->acceptsInput()) {
        // As many commands as one block can hold; unknown endpoints, so that each is answered on its own.
        std::string block;
        while (true) {
            const std::string payload = world.session + " " + std::to_string(seq + 1) + " 9 a/b x";
            const std::string one = publish(std::string(kBase) + "$command", payload, 1, 1 + seq % 60000);
            if (block.size() + one.size() > Board::kReceiveMax) {
                break;
            }
            block += one;
            ++seq;
        }
        world.receive(block);
        REQUIRE(seq < 1000);
    }
    CHECK(world.board->drops().unsentRefusals + mqtt::kInFlightMax >= seq);
    world.writable = true;
    world.drain();
    size_t refusals = 0;
    size_t acknowledgements = 0;
    for (const Sent& sent : world.take()) {
        refusals += sent.type == 3 ? 1U : 0U;
        acknowledgements += sent.type == 4 ? 1U : 0U;
    }
    CHECK(refusals + world.board->drops().unsentRefusals == seq);
    CHECK(acknowledgements == seq);
    CHECK(world.board->acceptsInput());
}

TEST_CASE("link: the board survives random bytes at every stage") {
    FakeChip chance;
    for (int run = 0; run < 300; ++run) {
        World world;
        world.boot();
        world.post(Event::Kind::WifiUp);
        world.post(Event::Kind::Connected);
        if (run % 3 > 0) {
            world.receive(connack());
        }
        if (run % 3 > 1) {
            world.settle();
        }
        for (int block = 0; block < 4; ++block) {
            std::string noise;
            const std::string good =
                publish(std::string(kBase) + "$command", world.session + " 1 9999 relay-1/on true", 1,
                        1 + chance.random() % 9);
            noise = good;
            for (int flips = 0; flips < 3; ++flips) {
                noise[chance.random() % noise.size()] = static_cast<char>(chance.random());
            }
            world.receive(noise);
            world.advance(chance.random() % 100);
        }
        world.post(Event::Kind::Disconnected);
        CHECK(world.board->nextDeadlineMs() != UINT64_MAX);
    }
}
