// What survives a power cut, and what the relays do when power returns.
#include <doctest/doctest.h>

#include "world.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("board: power-on policies are set over the wire and survive") {
    World world;
    world.boot();
    world.connect();
    world.configure(1, "relay-1/power-on", "on");
    world.configure(2, "relay-2/power-on", "restore");
    const Words said = words(world.settle());
    CHECK(contains(said, "relay-1/power-on on"));
    CHECK(contains(said, "relay-2/power-on restore"));
    CHECK_FALSE(world.pins.level[0]);
    world.boot();
    CHECK(world.pins.level[0]);
    CHECK_FALSE(world.pins.level[1]);
    CHECK(contains(words(world.connect()), "relay-2/power-on restore"));
}

TEST_CASE("board: restore brings back the state, written once things are quiet") {
    World world;
    setPolicy(world, 1, PowerOn::Restore);
    world.boot();
    world.connect();
    const size_t used = world.flash.used;
    world.command(1, "relay-1/on", "true");
    world.command(2, "relay-2/on", "true");
    world.command(3, "relay-2/on", "false");
    world.command(4, "relay-2/on", "true");
    CHECK(world.flash.used == used);
    world.advance(RestoreKeeper::kQuietMs);
    const size_t written = world.flash.used - used;
    CHECK(written == 12);
    world.command(5, "relay-1/on", "false");  // not one to restore: costs no flash
    world.advance(2 * RestoreKeeper::kQuietMs);
    CHECK(world.flash.used == used + written);
    world.boot();
    CHECK_FALSE(world.pins.level[0]);
    CHECK(world.pins.level[1]);
}

TEST_CASE("board: a relay that never rests is stored all the same") {
    World world;
    setPolicy(world, 0, PowerOn::Restore);
    world.boot();
    world.connect();
    const size_t used = world.flash.used;
    for (unsigned seq = 1; seq < 24; ++seq) {
        world.command(seq, "relay-1/on", seq % 2 == 1 ? "true" : "false");
        world.settle();
        world.advance(RestoreKeeper::kQuietMs / 2);
        world.settle();
    }
    CHECK(world.flash.used > used);
    CHECK(world.now < 2 * RestoreKeeper::kLatestMs);
}

TEST_CASE("board: a power cut forgets counter and obeyed, and draws a new session") {
    World world;
    world.boot();
    world.connect();
    world.command(1, "relay-1/on", "true");
    const std::string before = world.session;
    world.boot();
    CHECK_FALSE(world.pins.level[0]);
    const Words said = words(world.connect());
    CHECK(world.session != before);
    CHECK(contains(said, "$report " + world.session + " 1 0 relay-1/on false boot -"));
    world.settle();
    world.command(2, "relay-1/on", "true", 1000000, before);
    CHECK_FALSE(world.pins.level[0]);
}

TEST_CASE("board: stop says goodbye and stores what waits") {
    World world;
    setPolicy(world, 0, PowerOn::Restore);
    world.boot();
    world.connect();
    world.command(1, "relay-1/on", "true");
    world.settle();
    world.post(Event::Kind::Stop);
    CHECK(world.asked(Effect::Kind::Stopped));
    CHECK(words(world.take()) == Words{"$state disconnected", "packet 14"});
    CHECK(world.pins.level[0]);
    world.pins.level[0] = false;
    world.boot();
    CHECK(world.pins.level[0]);
}
