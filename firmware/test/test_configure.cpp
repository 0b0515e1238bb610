// What the gateway may change of a board, and have it do: settings, identify, restart, forgetting the home.
#include <doctest/doctest.h>

#include "configure.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

TEST_CASE("configure: what is asked is stored, told, answered, and there after a power cut") {
    World world = readyWorld();
    world.configure(1, "relay-2/power-on", "restore");
    const Words said = words(world.settle());
    CHECK(contains(said, "relay-2/power-on restore"));
    CHECK(contains(said, done(world, 1, "relay-2/power-on restore")));
    set(world, 2, "relay-1/interlock", "1");
    set(world, 3, "relay-2/interlock", "1");
    set(world, 4, "relay-1/pulse", "600000");
    set(world, 5, "relay-2/wiring", "nc-low");
    world.boot();
    const Words boot = words(world.connect());
    for (const char* word : {"relay-2/power-on restore", "relay-1/interlock 1", "relay-2/interlock 1",
                             "relay-1/pulse 600000", "relay-2/wiring nc-low"}) {
        CHECK_MESSAGE(contains(boot, word), word);
    }
    CHECK(world.pins.wiring[1] == Wiring{true, true});
    CHECK(world.pins.wiring[0] == Wiring{});
}

TEST_CASE("configure: values out of bounds and unknown endpoints are refused, and change nothing") {
    World world = readyWorld();
    const size_t used = world.flash.used;
    unsigned seq = 0;
    for (const auto& [endpoint, value] :
         std::vector<std::pair<std::string, std::string>>{{"relay-1/power-on", "sometimes"},
                                                          {"relay-1/pulse", "99"},
                                                          {"relay-1/pulse", "600001"},
                                                          {"relay-1/pulse", "0100"},
                                                          {"relay-1/pulse", "1e3"},
                                                          {"relay-1/pulse", "4294967297"},
                                                          {"relay-1/interlock", "5"},
                                                          {"relay-1/interlock", "-1"},
                                                          {"relay-1/wiring", "no"},
                                                          {"system/identify", "false"},
                                                          {"system/restart", "1"},
                                                          {"system/forget", "yes"}}) {
        CAPTURE(endpoint + " " + value);
        ++seq;
        CHECK(answer(world, seq, endpoint, value) == refused(world, seq, endpoint + " bad-value"));
    }
    for (const std::string endpoint : {"relay-3/pulse", "relay-1/on", "relay-1/colour", "system/explode",
                                       "system/uptime", "relay-0/pulse"}) {
        ++seq;
        CHECK(answer(world, seq, endpoint, "true") == refused(world, seq, endpoint + " unknown-endpoint"));
    }
    CHECK(world.flash.used == used);
    CHECK(world.board->ready());
}

TEST_CASE("configure: what is stale, retained, malformed or of another session is not done") {
    World world = readyWorld();
    world.now = 3000;
    world.command(5, "relay-1/on", "false");
    world.settle();
    CHECK(answer(world, 5, "relay-1/pulse", "500") == refused(world, 5, "relay-1/pulse stale"));
    CHECK(answer(world, 6, "relay-1/pulse", "500", 3000) == refused(world, 6, "relay-1/pulse stale"));
    CHECK(answer(world, 7, "system/forget", "true", 999999, "0badc0de") ==
          "$refusal 0badc0de 7 3000 system/forget stale");
    const std::string topic = std::string(kBase) + "$configure";
    const std::string good = world.session + " 8 99999 system/forget true";
    world.receive(publish(topic, good, 1, 5, true));
    CHECK(world.board->drops().retainedCommands == 1);
    world.receive(publish(topic, good + " ", 1, 6));
    CHECK(world.board->drops().malformedCommands == 1);
    world.receive(publish("homie/5/relay-other/$configure", good, 1, 7));
    world.advance(2 * Board::kLeaveMs);
    CHECK(world.board->ready());
    CHECK(world.board->settings().provisioned());
    CHECK(world.board->settings().pulseMs(0) == 0);
    // A sequence once seen is used up, also for commands.
    set(world, 9, "relay-1/pulse", "500");
    world.command(9, "relay-1/on", "true");
    CHECK_FALSE(world.pins.level[0]);
}

TEST_CASE("configure: flash that takes nothing says so, and all is as before") {
    World world = readyWorld();
    const size_t before = world.flash.budget;
    world.flash.budget = 0;
    unsigned seq = 0;
    for (const auto& [endpoint, value] :
         std::vector<std::pair<std::string, std::string>>{{"relay-1/power-on", "on"},
                                                          {"relay-1/pulse", "500"},
                                                          {"relay-1/interlock", "1"},
                                                          {"relay-1/wiring", "nc-high"},
                                                          {"system/forget", "true"}}) {
        CAPTURE(endpoint);
        ++seq;
        world.flash.budget = 0;
        CHECK(answer(world, seq, endpoint, value) == refused(world, seq, endpoint + " not-stored"));
    }
    world.flash.budget = before;
    CHECK(world.board->settings().powerOn(0) == PowerOn::Off);
    CHECK(world.board->settings().pulseMs(0) == 0);
    CHECK(world.board->settings().interlock(0) == 0);
    CHECK(world.pins.wiring[0] == Wiring{});
    CHECK(world.board->settings().secret() == "s3cret"_t);
    world.advance(2 * Board::kLeaveMs);
    CHECK(world.board->ready());
}

TEST_CASE("identify: the light blinks for a while, and nothing else happens") {
    World world = readyWorld();
    const unsigned writes = world.pins.writes;
    const size_t used = world.flash.used;
    CHECK(world.board->light(world.now) == LightMeaning::Online);
    set(world, 1, "system/identify", "true");
    CHECK(world.board->light(world.now) == LightMeaning::Identify);
    CHECK(world.board->light(world.now + Board::kIdentifyMs - 1) == LightMeaning::Identify);
    CHECK(world.board->light(world.now + Board::kIdentifyMs) == LightMeaning::Online);
    CHECK(world.pins.writes == writes);
    CHECK(world.flash.used == used);
}

TEST_CASE("restart: it says so, keeps what is to be restored, goes in good order, and asks to start over") {
    World world;
    setPolicy(world, 0, PowerOn::Restore);
    world.boot();
    world.connect();
    world.command(1, "relay-1/on", "true");
    world.settle();
    world.configure(2, "system/restart", "true");
    CHECK_FALSE(world.asked(Effect::Kind::Restart));
    SUBCASE("acknowledged") {
        const Words said = words(world.settle());
        CHECK(contains(said, done(world, 2, "system/restart true")));
        CHECK(contains(said, "$state disconnected"));
    }
    SUBCASE("not acknowledged") {
        world.take();
        world.advance(Board::kLeaveMs - 1);
        CHECK_FALSE(world.asked(Effect::Kind::Restart));
        world.advance(1);
        CHECK(contains(words(world.take()), "$state disconnected"));
    }
    SUBCASE("the connection is lost before") {
        world.post(Event::Kind::Disconnected);
    }
    CHECK(world.everAsked(Effect::Kind::Restart));
    CHECK(world.board->nextDeadlineMs() == UINT64_MAX);
    CHECK(world.pins.level[0]);
    world.pins.level[0] = false;
    world.boot();
    CHECK(world.pins.level[0]);
    world.connect();
    CHECK(world.board->ready());
}

TEST_CASE("restart: until it goes it takes no other order") {
    World world = readyWorld();
    world.configure(1, "system/restart", "true");
    world.configure(2, "relay-1/pulse", "500");
    world.configure(3, "system/forget", "true");
    const Words said = words(world.settle());
    CHECK(contains(said, refused(world, 2, "relay-1/pulse stale")));
    CHECK(contains(said, refused(world, 3, "system/forget stale")));
    CHECK(world.board->settings().provisioned());
}

namespace {

bool found(const RamFlash& flash, const std::string& secret) {
    const std::string cells(flash.cells.begin(), flash.cells.end());
    return cells.find(secret) != std::string::npos;
}

}  // namespace

TEST_CASE("forget: the home is gone from flash and memory, relays hold, and what hangs on them stays") {
    World world = readyWorld();
    {
        world.board->settings().setWifi("home"_t, "hush hush"_t);
        world.board->settings().setCandidateSecret("another secret"_t);
    }
    set(world, 1, "relay-1/wiring", "nc-high");
    set(world, 2, "relay-2/interlock", "3");
    world.command(3, "relay-2/on", "true");
    world.settle();
    const unsigned writes = world.pins.writes;
    REQUIRE(found(world.flash, "hush hush"));
    CHECK(answer(world, 4, "system/forget", "true") == done(world, 4, "system/forget true"));
    CHECK(world.everLogged(Notice::Forgotten));
    CHECK(world.everAsked(Effect::Kind::Leave));
    CHECK_FALSE(world.board->settings().provisioned());
    CHECK(world.board->settings().ssid().empty());
    for (const char* secret : {"s3cret", "hush hush", "another secret", "gateway.local"}) {
        CHECK_FALSE(found(world.flash, secret));
    }
    CHECK(world.board->light(world.now) == LightMeaning::NoHome);
    CHECK(world.pins.writes == writes);
    CHECK(world.pins.level[1]);
    // It dials nobody, whatever comes; the wall button works.
    world.post(Event::Kind::WifiUp);
    world.advance(120000);
    CHECK_FALSE(world.asked(Effect::Kind::Dial));
    CHECK(world.board->pending().empty());
    world.press(1);
    CHECK_FALSE(world.pins.level[1]);
    world.boot();
    CHECK(world.pins.wiring[0] == Wiring{true, false});
    CHECK(world.board->settings().interlock(1) == 3);
    world.post(Event::Kind::WifiUp);
    CHECK(world.logged(Notice::NotProvisioned));
}

TEST_CASE("forget: power may go at every byte, and the board has its whole home or none of it") {
    size_t whole = 0;
    size_t none = 0;
    for (size_t budget = 1;; ++budget) {
        CAPTURE(budget);
        World world = readyWorld();
        world.board->settings().setWifi("home"_t, "hush hush"_t);
        set(world, 1, "relay-1/pulse", "500");
        world.flash.budget = budget;
        world.configure(2, "system/forget", "true");
        const bool done = world.flash.budget > 0;
        world.flash.budget = RamFlash::kUnlimited;
        world.boot();
        Settings& settings = world.board->settings();
        CHECK(settings.pulseMs(0) == 500);
        if (settings.provisioned()) {
            ++whole;
            CHECK(settings.secret() == "s3cret"_t);
            CHECK(settings.gatewayHost() == "gateway.local"_t);
            CHECK(settings.ssid() == "home"_t);
            CHECK_FALSE(done);
        } else {
            ++none;
            CHECK(settings.ssid().empty());
            CHECK_FALSE(found(world.flash, "s3cret"));
            CHECK_FALSE(found(world.flash, "hush hush"));
        }
        if (done) {
            break;
        }
    }
    CHECK(whole >= 8);
    CHECK(none >= 4);
}

TEST_CASE("configure: power may go at every byte of a setting, and it is as before or as asked") {
    const std::vector<std::pair<std::string, std::string>> orders = {{"relay-1/power-on", "restore"},
                                                                     {"relay-1/pulse", "500"},
                                                                     {"relay-1/interlock", "2"},
                                                                     {"relay-1/wiring", "nc-low"}};
    for (const auto& [endpoint, value] : orders) {
        size_t cuts = 0;
        for (size_t budget = 1;; ++budget) {
            CAPTURE(endpoint);
            CAPTURE(budget);
            World world;
            setPolicy(world, 0, PowerOn::On);
            world.boot();
            world.connect();
            world.command(1, "relay-1/on", "false");
            world.settle();
            world.flash.budget = budget;
            world.configure(2, endpoint, value);
            const bool done = world.flash.budget > 0;
            world.flash.budget = RamFlash::kUnlimited;
            world.boot();
            const Settings& settings = world.board->settings();
            const bool asked = endpoint == "relay-1/power-on"    ? settings.powerOn(0) == PowerOn::Restore
                               : endpoint == "relay-1/pulse"     ? settings.pulseMs(0) == 500
                               : endpoint == "relay-1/interlock" ? settings.interlock(0) == 2
                                                                 : settings.wiring(0) == Wiring{true, true};
            const bool before = endpoint == "relay-1/power-on"    ? settings.powerOn(0) == PowerOn::On
                                : endpoint == "relay-1/pulse"     ? settings.pulseMs(0) == 0
                                : endpoint == "relay-1/interlock" ? settings.interlock(0) == 0
                                                                  : settings.wiring(0) == Wiring{};
            CHECK((asked || before));
            // A relay that has a pulse is off after the cut.
            CHECK_FALSE((settings.pulseMs(0) > 0 && world.pins.level[0]));
            CHECK(settings.secret() == "s3cret"_t);
            if (done) {
                CHECK(asked);
                break;
            }
            ++cuts;
        }
        CHECK(cuts >= 8);
    }
}
