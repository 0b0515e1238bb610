// What holds without the gateway too: pulses, interlocks, and how relays are connected.
#include <doctest/doctest.h>

#include "configure.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

TEST_CASE("pulse: the relay turns itself off in time, with or without a gateway") {
    World world = readyWorld();
    set(world, 1, "relay-1/pulse", "500");
    world.command(2, "relay-1/on", "true");
    world.settle();
    CHECK(world.pins.level[0]);
    SUBCASE("connected") {}
    SUBCASE("the gateway is gone") {
        world.post(Event::Kind::Disconnected);
    }
    SUBCASE("Wi-Fi is gone") {
        world.post(Event::Kind::WifiDown);
    }
    SUBCASE("the gateway is mute") {
        world.writable = false;
    }
    world.advance(499);
    CHECK(world.pins.level[0]);
    world.advance(1);
    CHECK_FALSE(world.pins.level[0]);
    CHECK(contains(moves(world), "1 off pulse"));
    world.advance(60000);
    CHECK_FALSE(world.pins.level[0]);
}

TEST_CASE("pulse: its end is reported with its cause and the command that was obeyed last") {
    World world = readyWorld();
    set(world, 1, "relay-1/pulse", "500");
    world.command(2, "relay-1/on", "true");
    world.settle();
    world.advance(500);
    const std::string s = world.session;
    CHECK(words(world.settle()).at(0) ==
          "$report " + s + " 4 " + std::to_string(world.now) + " relay-1/on false pulse " + s + ":2");
}

TEST_CASE("pulse: no command makes it longer, any may end it, and the wall button too") {
    World world = readyWorld();
    set(world, 1, "relay-1/pulse", "1000");
    world.command(2, "relay-1/on", "true");
    world.settle();
    world.advance(600);
    world.command(3, "relay-1/on", "true");
    CHECK(words(world.settle()).at(0) == refused(world, 3, "relay-1/on held-by-pulse"));
    SUBCASE("on its own") {
        world.advance(399);
        CHECK(world.pins.level[0]);
        world.advance(1);
        CHECK_FALSE(world.pins.level[0]);
    }
    SUBCASE("by a command") {
        world.command(4, "relay-1/on", "false");
        CHECK_FALSE(world.pins.level[0]);
    }
    SUBCASE("by the wall button") {
        world.press(0);
        CHECK_FALSE(world.pins.level[0]);
        world.press(0);
        CHECK(world.pins.level[0]);
        world.advance(1000);
    }
    CHECK_FALSE(world.pins.level[0]);
    world.advance(5000);
    world.settle();
    world.command(5, "relay-1/on", "true");
    CHECK(world.pins.level[0]);
}

TEST_CASE("pulse: the wall button gives one too") {
    World world;
    {
        Settings settings(world.flash);
        settings.load();
        CHECK(settings.setPulse(0, 200));
    }
    world.boot();
    world.press(0);
    CHECK(world.pins.level[0]);
    world.advance(200);
    CHECK_FALSE(world.pins.level[0]);
}

TEST_CASE("pulse: a relay with one never comes back on after a power cut") {
    World world;
    setPolicy(world, 0, PowerOn::On);
    setPolicy(world, 1, PowerOn::Restore);
    world.boot();
    world.connect();
    world.command(1, "relay-1/on", "false");
    world.settle();
    set(world, 2, "relay-1/pulse", "60000");
    set(world, 3, "relay-2/pulse", "60000");
    CHECK(contains(words(world.settle()), "relay-1/power-on off") == false);
    CHECK(answer(world, 4, "relay-1/power-on", "on") == refused(world, 4, "relay-1/power-on bad-value"));
    world.command(5, "relay-1/on", "true");
    world.command(6, "relay-2/on", "true");
    world.settle();
    world.advance(RestoreKeeper::kLatestMs);
    world.settle();
    CHECK(world.pins.level[0]);
    world.boot();
    CHECK_FALSE(world.pins.level[0]);
    CHECK_FALSE(world.pins.level[1]);
    // Nor when the pulse is taken away again.
    world.connect();
    set(world, 1, "relay-1/pulse", "0");
    world.boot();
    CHECK_FALSE(world.pins.level[0]);
}

TEST_CASE("pulse, interlock, wiring: not while the relay is on") {
    World world = readyWorld();
    world.command(1, "relay-1/on", "true");
    world.settle();
    unsigned seq = 1;
    for (const auto& [endpoint, value] : std::vector<std::pair<std::string, std::string>>{
             {"relay-1/pulse", "500"}, {"relay-1/interlock", "1"}, {"relay-1/wiring", "nc-high"}}) {
        ++seq;
        CHECK(answer(world, seq, endpoint, value) == refused(world, seq, endpoint + " relay-on"));
    }
    // What it is already is no change.
    set(world, 5, "relay-1/pulse", "0");
    set(world, 6, "relay-1/wiring", "no-high");
    CHECK(world.pins.level[0]);
}

TEST_CASE("pulse: a contact that is welded is told to let go again and again") {
    World world = readyWorld();
    set(world, 1, "relay-1/pulse", "500");
    world.command(2, "relay-1/on", "true");
    world.settle();
    world.pins.stuck[0] = 1;
    world.advance(500);
    CHECK(world.logged(Notice::ReadBackDiffers));
    world.pins.stuck[0] = -1;
    world.pins.level[0] = true;
    world.advance(RelayGuard::kRetryMs);
    CHECK_FALSE(world.pins.level[0]);
    CHECK(world.board->relays()[0].on == false);
}

TEST_CASE("interlock: whoever comes on sends the other off first, and waits for its contact to open") {
    World world = readyWorld(3);
    set(world, 1, "relay-1/interlock", "2");
    set(world, 2, "relay-2/interlock", "2");
    world.command(3, "relay-1/on", "true");
    world.command(4, "relay-3/on", "true");
    world.settle();
    const std::string s = world.session;
    world.command(5, "relay-2/on", "true");
    CHECK(moves(world) == Words{"1 off interlock"});
    CHECK_FALSE(world.pins.level[0]);
    CHECK_FALSE(world.pins.level[1]);
    CHECK(words(world.settle()).at(0) == "$report " + s + " 6 0 relay-1/on false interlock " + s + ":3");
    world.advance(RelayGuard::kGapMs - 1);
    CHECK_FALSE(world.pins.level[1]);
    world.advance(1);
    CHECK(world.pins.level[1]);
    CHECK(words(world.settle()).at(0) == "$report " + s + " 7 300 relay-2/on true command " + s + ":5");
    // One outside of the group is not concerned.
    CHECK(world.pins.level[2]);
}

TEST_CASE("interlock: the wall button, too, and the gap after a relay that was simply turned off") {
    World world = readyWorld();
    set(world, 1, "relay-1/interlock", "1");
    set(world, 2, "relay-2/interlock", "1");
    world.press(0);
    CHECK(world.pins.level[0]);
    world.press(1);
    CHECK_FALSE(world.pins.level[0]);
    world.advance(RelayGuard::kGapMs);
    CHECK(world.pins.level[1]);
    world.settle();
    world.command(3, "relay-2/on", "false");
    world.command(4, "relay-1/on", "true");
    CHECK_FALSE(world.pins.level[0]);
    // A second thought during the gap.
    SUBCASE("it goes on") {}
    SUBCASE("off by command") {
        world.command(5, "relay-1/on", "false");
    }
    SUBCASE("off by button") {
        world.press(0);
    }
    SUBCASE("the other one instead") {
        world.command(5, "relay-2/on", "true");
    }
    world.advance(2 * RelayGuard::kGapMs);
    CHECK_FALSE((world.pins.level[0] && world.pins.level[1]));
}

TEST_CASE("interlock: a welded contact in the group keeps the others off") {
    World world = readyWorld();
    set(world, 1, "relay-1/interlock", "1");
    set(world, 2, "relay-2/interlock", "1");
    world.command(3, "relay-1/on", "true");
    world.settle();
    world.pins.stuck[0] = 1;
    world.command(4, "relay-2/on", "true");
    CHECK(contains(words(world.settle()), refused(world, 4, "relay-2/on interlocked")));
    world.press(1);
    world.advance(1000);
    CHECK_FALSE(world.pins.level[1]);
}

TEST_CASE("interlock: after a power cut one of a group comes on at most") {
    World world(3);
    for (uint8_t relay = 0; relay < 3; ++relay) {
        setPolicy(world, relay, PowerOn::On);
        Settings settings(world.flash);
        settings.load();
        settings.setInterlock(relay, 1);
    }
    world.boot();
    CHECK(world.pins.level[0]);
    CHECK_FALSE(world.pins.level[1]);
    CHECK_FALSE(world.pins.level[2]);
}

TEST_CASE("interlock: whatever is pressed and ordered, never two at once, and a pulse ends in time") {
    std::mt19937 chance(11);
    for (int round = 0; round < 40; ++round) {
        CAPTURE(round);
        World world = readyWorld(4);
        unsigned seq = 0;
        for (const char* relay : {"1", "2", "3"}) {
            set(world, ++seq, std::string("relay-") + relay + "/interlock", "1");
        }
        set(world, ++seq, "relay-2/pulse", "700");
        uint64_t onSince = 0;
        uint64_t offSince = 0;
        int on = -1;
        int last = -1;
        const auto look = [&] {
            int now = -1;
            for (int relay = 0; relay < 3; ++relay) {
                if (world.pins.level[static_cast<size_t>(relay)]) {
                    CHECK(now == -1);
                    now = relay;
                }
            }
            if (now != on) {
                if (now >= 0 && last >= 0 && now != last) {
                    CHECK(world.now - offSince >= RelayGuard::kGapMs);
                }
                if (on >= 0) {
                    offSince = world.now;
                    last = on;
                }
                on = now;
                onSince = world.now;
            }
            CHECK_FALSE((on == 1 && world.now - onSince > 700));
        };
        for (int step = 0; step < 60; ++step) {
            const unsigned relay = 1 + chance() % 4;
            switch (chance() % 4) {
                case 0:
                    world.command(++seq, "relay-" + std::to_string(relay) + "/on",
                                  chance() % 3 == 0 ? "false" : "true", world.now + 100000);
                    look();
                    break;
                case 1:
                    world.post(Event::buttonLevel(static_cast<uint8_t>(relay - 1), true, world.now));
                    for (int ms = 0; ms < 50; ms += 10) {
                        world.advance(10);
                        look();
                    }
                    world.post(Event::buttonLevel(static_cast<uint8_t>(relay - 1), false, world.now));
                    for (int ms = 0; ms < 50; ms += 10) {
                        world.advance(10);
                        look();
                    }
                    break;
                default:
                    for (unsigned ms = 0; ms < chance() % 500; ms += 10) {
                        world.advance(10);
                        look();
                    }
            }
            world.settle();
        }
    }
}

TEST_CASE("wiring: it takes effect at once, with the relay off as before and the pin where that is now") {
    World world = readyWorld();
    const unsigned writes = world.pins.writes;
    world.configure(1, "relay-1/wiring", "nc-high");
    CHECK(world.pins.wiring[0] == Wiring{true, false});
    CHECK(world.pins.writes == writes + 1);
    CHECK(moves(world).empty());
    CHECK_FALSE(world.pins.level[0]);
    const Words said = words(world.settle());
    CHECK(contains(said, "relay-1/wiring nc-high"));
    CHECK(contains(said, done(world, 1, "relay-1/wiring nc-high")));
    CHECK(contains(said, "relay-1/on false"));
}

TEST_CASE("wiring: levels at the pin") {
    for (const auto& [word, off] : std::vector<std::pair<std::string, bool>>{
             {"no-high", false}, {"no-low", true}, {"nc-high", true}, {"nc-low", false}}) {
        Wiring wiring;
        REQUIRE(parse(view(word), wiring));
        CHECK(str(toText(wiring)) == word);
        CHECK(wiring.levelFor(false) == off);
        CHECK(wiring.levelFor(true) != off);
    }
}

TEST_CASE("wiring: that of the build counts until one is stored") {
    World world;
    world.wiring = Wiring{false, true};
    world.boot();
    CHECK(world.pins.wiring[0] == Wiring{false, true});
    CHECK(contains(words(world.connect()), "relay-1/wiring no-low"));
    set(world, 1, "relay-1/wiring", "no-high");
    world.boot();
    CHECK(world.pins.wiring[0] == Wiring{});
    CHECK(world.pins.wiring[1] == Wiring{false, true});
}
