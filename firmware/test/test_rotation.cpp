// A new secret over the air: at every instant the board has one that the gateway takes.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const std::string kOld = "s3cret";
const std::string kNew(64, 'a');
const std::string kNewer(64, 'b');

void give(World& world, unsigned seq, const std::string& secret, const std::string& session = "",
          bool retain = false) {
    const std::string payload =
        (session.empty() ? world.session : session) + " " + std::to_string(seq) + " " + secret;
    world.receive(publish(std::string(kBase) + "$credential", payload, 1, world.nextId++, retain));
}

/// What the board presents in the CONNECT it sends now.
std::string presented(World& world) {
    world.take();
    world.post(Event::Kind::Connected);
    for (const Sent& sent : world.take()) {
        if (sent.type == 1) {
            for (const std::string& secret : {kOld, kNew, kNewer}) {
                if (sent.body.size() >= secret.size() &&
                    sent.body.compare(sent.body.size() - secret.size(), secret.size(), secret) == 0) {
                    return secret;
                }
            }
        }
    }
    return "nothing";
}

/// Power goes and comes back; what is presented then.
std::string presentedAfterReboot(World& world) {
    world.boot();
    world.post(Event::Kind::WifiUp);
    return presented(world);
}

void untilDial(World& world) {
    do {
        REQUIRE(world.board->nextDeadlineMs() != UINT64_MAX);
        world.now = world.board->nextDeadlineMs();
        world.post(Event::Kind::Tick);
    } while (!world.asked(Effect::Kind::Dial));
}

World ready() {
    World world;
    world.boot();
    world.connect();
    return world;
}

}  // namespace

TEST_CASE("rotation: a new secret is stored, the board comes back with it, and then has no other") {
    World world = ready();
    world.command(1, "relay-1/on", "true");
    world.settle();
    give(world, 2, kNew);
    // In good order, and at once: nothing was unacknowledged.
    CHECK(words(world.take()) == std::vector<std::string>{"packet 4", "$state disconnected", "packet 14"});
    CHECK(world.logged(Notice::NewSecret));
    CHECK(world.asked(Effect::Kind::Close));
    CHECK(world.asked(Effect::Kind::Dial));
    CHECK(world.pins.level[0]);
    CHECK(presented(world) == kNew);
    world.receive(connack());
    world.settle();
    CHECK(world.board->ready());
    CHECK(world.board->settings().secret() == view(kNew));
    CHECK(world.board->settings().candidateSecret().empty());
    CHECK(world.pins.level[0]);
    CHECK(presentedAfterReboot(world) == kNew);
    world.receive(connack(4));
    untilDial(world);
    CHECK(presented(world) == kNew);
}

TEST_CASE("rotation: what was said is acknowledged first, or has had its time") {
    World world = ready();
    world.command(1, "relay-1/on", "true");
    std::vector<Sent> said = world.take();
    give(world, 2, kNew);
    // Commands are still obeyed meanwhile.
    world.command(3, "relay-2/on", "true");
    CHECK(world.pins.level[1]);
    CHECK_FALSE(world.asked(Effect::Kind::Dial));
    SUBCASE("acknowledged") {
        world.settle();
        for (const Sent& sent : said) {
            if (sent.type == 3) {
                world.receive(puback(sent.id));
            }
        }
        CHECK(world.asked(Effect::Kind::Dial));
    }
    SUBCASE("not acknowledged") {
        world.advance(Board::kLeaveMs - 1);
        CHECK_FALSE(world.asked(Effect::Kind::Dial));
        world.advance(1);
        CHECK(world.asked(Effect::Kind::Dial));
    }
    CHECK(presented(world) == kNew);
}

TEST_CASE("rotation: a gateway that does not know the new secret gets the old one again") {
    World world = ready();
    give(world, 1, kNew);
    CHECK(presented(world) == kNew);
    world.receive(connack(4));
    CHECK(world.logged(Notice::NewSecretRefused));
    untilDial(world);
    CHECK(presented(world) == kOld);
    CHECK(presentedAfterReboot(world) == kOld);
}

TEST_CASE("rotation: whatever else happens to the login decides nothing") {
    for (const int what : {1, 2, 3, 5, -1, -2, -3}) {
        CAPTURE(what);
        World world = ready();
        give(world, 1, kNew);
        if (what == -1) {
            world.post(Event::Kind::Disconnected);
        } else {
            CHECK(presented(world) == kNew);
            if (what > 0) {
                world.receive(connack(what));
            } else if (what == -2) {
                world.advance(mqtt::kLoginMs);  // no answer
                CHECK(world.logged(Notice::BrokerMute));
            } else {
                world.post(Event::Kind::Disconnected);  // the answer is lost
            }
        }
        if (!world.asked(Effect::Kind::Dial)) {
            untilDial(world);
        }
        CHECK(presented(world) == kNew);
        CHECK(presentedAfterReboot(world) == kNew);
        world.receive(connack());
        CHECK(world.board->settings().secret() == view(kNew));
    }
}

TEST_CASE("rotation: what is stale, retained, malformed or for another is dropped") {
    World world = ready();
    world.command(5, "relay-1/on", "true");
    world.settle();
    give(world, 5, kNew);
    give(world, 4, kNew);
    give(world, 6, kNew, "0badc0de");
    CHECK(world.board->drops().staleSecrets == 3);
    give(world, 7, kNew, "", true);
    CHECK(world.board->drops().retainedCommands == 1);
    give(world, 8, "short");
    CHECK(world.board->drops().malformedCommands == 1);
    world.receive(publish("homie/5/relay-ffffff/$credential", world.session + " 9 " + kNew, 1, 9));
    world.receive(publish(std::string(kBase) + "$credential/x", world.session + " 9 " + kNew, 1, 9));
    world.settle();
    world.advance(2 * Board::kLeaveMs);
    CHECK(world.board->settings().candidateSecret().empty());
    CHECK(world.board->ready());
    // A secret takes its place in the sequence of commands.
    give(world, 10, kNew);
    CHECK(world.asked(Effect::Kind::Dial));
}

TEST_CASE("rotation: the last of several is what counts, and the one it has changes nothing") {
    World world = ready();
    world.command(1, "relay-1/on", "true");  // its report keeps the board for a moment
    give(world, 2, kNew);
    give(world, 3, kNewer);
    world.advance(Board::kLeaveMs);
    CHECK(presented(world) == kNewer);
    world.receive(connack());
    world.settle();
    give(world, 1, kNewer);
    CHECK(world.board->settings().candidateSecret().empty());
    world.take();
    CHECK(presented(world) == kNewer);
    world.receive(connack(4));
    untilDial(world);
    CHECK(presented(world) == kNewer);
}

TEST_CASE("rotation: Wi-Fi and power that go before it is back") {
    World world = ready();
    world.command(1, "relay-1/on", "true");
    give(world, 2, kNew);
    SUBCASE("Wi-Fi") {
        world.post(Event::Kind::WifiDown);
        world.advance(60000);
        world.post(Event::Kind::WifiUp);
        CHECK(presented(world) == kNew);
    }
    SUBCASE("power") {
        CHECK(presentedAfterReboot(world) == kNew);
    }
}

TEST_CASE("rotation: flash that takes nothing keeps the old secret") {
    World world = ready();
    const size_t before = world.flash.budget;
    world.flash.budget = 0;
    give(world, 1, kNew);
    CHECK(world.logged(Notice::SettingsFailed));
    world.advance(2 * Board::kLeaveMs);
    CHECK_FALSE(world.asked(Effect::Kind::Dial));
    world.flash.budget = before;
    CHECK(presentedAfterReboot(world) == kOld);
}

TEST_CASE(
    "rotation: power may go at every byte written, and one of the two secrets is what it logs in with") {
    struct Stage {
        const char* name;
        void (*prepare)(World&);
        void (*act)(World&);
        /// What the gateway takes at that stage.
        std::vector<std::string> good;
    };
    const auto nothing = [](World&) {};
    const auto given = [](World& world) {
        give(world, 1, kNew);
        presented(world);
    };
    const Stage stages[] = {
        {"it is given", nothing, [](World& world) { give(world, 1, kNew); }, {kOld, kNew}},
        // The gateway may know only the new one from here on.
        {"it is taken", given, [](World& world) { world.receive(connack()); }, {kNew}},
        {"it is refused", given, [](World& world) { world.receive(connack(4)); }, {kNew, kOld}},
    };
    for (const Stage& stage : stages) {
        CAPTURE(stage.name);
        size_t cuts = 0;
        for (size_t budget = 1;; ++budget) {
            CAPTURE(budget);
            World world = ready();
            stage.prepare(world);
            world.flash.budget = budget;
            stage.act(world);
            const bool whole = world.flash.budget > 0;
            world.flash.budget = RamFlash::kUnlimited;
            const std::string secret = presentedAfterReboot(world);
            CHECK(std::find(stage.good.begin(), stage.good.end(), secret) != stage.good.end());
            if (whole) {
                CHECK(secret == stage.good.back());
                break;
            }
            ++cuts;
        }
        CHECK(cuts >= 8);
    }
}

TEST_CASE("rotation: what is provisioned strikes out a candidate") {
    World world = ready();
    give(world, 1, kNew);
    Settings settings(world.flash);
    settings.load();
    CHECK(settings.loginSecret() == view(kNew));
    CHECK(settings.setCredential("relay-a1b2c3"_t, view(kNewer)));
    CHECK(presentedAfterReboot(world) == kNewer);
    world.receive(connack(4));
    untilDial(world);
    CHECK(presented(world) == kNewer);
}

TEST_CASE("rotation: relays hold from the first byte to the last") {
    World world = ready();
    world.command(1, "relay-1/on", "true");
    world.settle();
    const unsigned writes = world.pins.writes;
    give(world, 2, kNew);
    presented(world);
    world.receive(connack(4));
    untilDial(world);
    presented(world);
    world.receive(connack());
    world.settle();
    give(world, 1, kNewer);
    presented(world);
    world.receive(connack());
    world.settle();
    CHECK(world.board->ready());
    CHECK(world.pins.writes == writes);
    CHECK(world.pins.level[0]);
}
