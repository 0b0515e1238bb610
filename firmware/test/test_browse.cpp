// A gateway that is not where it was is looked for, and believed only after a login.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

World secured() {
    World world;
    Settings settings(world.flash);
    settings.load();
    settings.setAuthority("an authority"_t);
    world.boot();
    return world;
}

/// Passes time until the board dials or looks around.
void untilNext(World& world) {
    do {
        REQUIRE(world.board->nextDeadlineMs() != UINT64_MAX);
        world.now = world.board->nextDeadlineMs();
        world.post(Event::Kind::Tick);
    } while (!world.asked(Effect::Kind::Dial) && !world.asked(Effect::Kind::Browse));
}

std::string dialled(const World& world) {
    return str(world.board->dialHost()) + ":" + std::to_string(world.board->dialPort());
}

std::string stored(World& world) {
    Settings settings(world.flash);
    settings.load();
    return str(settings.gatewayHost()) + ":" + std::to_string(settings.gatewayPort());
}

void untilBrowse(World& world) {
    world.post(Event::Kind::WifiUp);
    for (int attempt = 1; attempt < Board::kBrowseAfter; ++attempt) {
        world.post(Event::Kind::Disconnected);
        untilNext(world);
        CHECK(world.asked(Effect::Kind::Dial));
    }
    world.post(Event::Kind::Disconnected);
    untilNext(world);
    REQUIRE(world.asked(Effect::Kind::Browse));
    REQUIRE_FALSE(world.asked(Effect::Kind::Dial));
}

void find(World& world, const std::string& host, uint16_t port) {
    world.post(Event::found(view(host), port, world.now));
}

const std::string kWas = "gateway.local:1883";

}  // namespace

TEST_CASE("browse: after three attempts at the stored address, and what is found is stored after a login") {
    World world = secured();
    untilBrowse(world);
    find(world, "10.77.0.9", 8883);
    untilNext(world);
    CHECK(dialled(world) == "10.77.0.9:8883");
    CHECK(stored(world) == kWas);
    world.post(Event::Kind::Connected);
    CHECK(stored(world) == kWas);
    world.receive(connack());
    CHECK(world.logged(Notice::GatewayMoved));
    CHECK(stored(world) == "10.77.0.9:8883");
    CHECK(dialled(world) == "10.77.0.9:8883");
    world.settle();
    CHECK(world.board->ready());
}

TEST_CASE("browse: an impostor gets nothing, and the next one and the stored address have their turn") {
    World world = secured();
    untilBrowse(world);
    find(world, "10.77.0.66", 8883);
    find(world, "10.77.0.66", 8883);
    find(world, "10.77.0.9", 8883);
    untilNext(world);
    CHECK(dialled(world) == "10.77.0.66:8883");
    world.take();
    world.post(Event::Kind::Securing);
    world.post(Event::Kind::Disconnected);  // its certificate is not the home's
    CHECK(world.take().empty());
    CHECK(world.logged(Notice::ConnectFailed));
    CHECK(dialled(world) == "10.77.0.66:8883");  // which the log names
    untilNext(world);
    CHECK(dialled(world) == "10.77.0.9:8883");
    world.post(Event::Kind::Connected);
    world.receive(connack(4));  // not our home's, or it does not know us
    CHECK(stored(world) == kWas);
    untilNext(world);
    CHECK(dialled(world) == kWas);
    world.post(Event::Kind::Disconnected);
    untilNext(world);
    CHECK(world.asked(Effect::Kind::Browse));
}

TEST_CASE("browse: when nobody answers the stored address is tried again") {
    World world = secured();
    untilBrowse(world);
    const uint64_t from = world.now;
    untilNext(world);
    CHECK(world.now - from == Board::kBrowseMs);
    CHECK(dialled(world) == kWas);
    world.logIn();
    CHECK(world.board->ready());
    CHECK(stored(world) == kWas);
}

TEST_CASE("browse: never in the clear, where whoever answers would be told the secret") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    for (int attempt = 0; attempt < 10; ++attempt) {
        world.post(Event::Kind::Disconnected);
        untilNext(world);
        CHECK_FALSE(world.asked(Effect::Kind::Browse));
    }
}

TEST_CASE("browse: answers are bounded, and count only when they were asked for") {
    World world = secured();
    world.post(Event::Kind::WifiUp);
    find(world, "10.77.0.1", 1);
    CHECK(dialled(world) == kWas);
    untilBrowse(world);
    find(world, "", 1);
    find(world, "10.77.0.1", 0);
    find(world, "255.255.255.2555", 1);
    find(world, "gateway.local", 1883);
    for (int host = 1; host < 50; ++host) {
        find(world, "10.77.0." + std::to_string(host), 1);
    }
    for (int turn = 0; turn < Board::kFoundMax; ++turn) {
        untilNext(world);
        CHECK(dialled(world).substr(0, 8) == "10.77.0.");
        find(world, "10.99.0.1", 1);
        world.post(Event::Kind::Disconnected);
    }
    untilNext(world);
    CHECK(dialled(world) == kWas);
}

TEST_CASE("browse: of more answers than there is room for, chance decides which are tried") {
    World world = secured();
    untilBrowse(world);
    for (int host = 1; host <= Board::kFoundMax; ++host) {
        find(world, "10.77.0." + std::to_string(host), 1);
    }
    world.chip.next = {2, 5};
    find(world, "10.77.0.5", 1);
    find(world, "10.77.0.6", 1);
    for (const int host : {1, 2, 5, 4}) {
        untilNext(world);
        CHECK(dialled(world) == "10.77.0." + std::to_string(host) + ":1");
        world.post(Event::Kind::Disconnected);
    }
    untilNext(world);
    CHECK(dialled(world) == kWas);
}

TEST_CASE("browse: a connection that lasted makes the count start over, and no relay moves") {
    World world = secured();
    world.post(Event::Kind::WifiUp);
    world.logIn();
    world.command(1, "relay-1/on", "true");
    world.settle();
    const unsigned writes = world.pins.writes;
    for (int turn = 0; turn < 4; ++turn) {
        world.post(Event::Kind::Disconnected);
        untilNext(world);
        CHECK(world.asked(Effect::Kind::Dial));
        world.logIn();
    }
    CHECK(world.pins.writes == writes);
    CHECK(world.pins.level[0]);
}
