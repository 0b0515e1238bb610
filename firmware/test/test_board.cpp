// The board from outside: events in, what it sends, moves and prints out.
#include <doctest/doctest.h>

#include <algorithm>

#include "world.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

using Words = std::vector<std::string>;

/// The single movement among the effects.
const Effect& moved(const World& world) {
    const Effect* found = nullptr;
    for (const Effect& effect : world.effects) {
        if (effect.kind == Effect::Kind::Moved) {
            REQUIRE(found == nullptr);
            found = &effect;
        }
    }
    REQUIRE(found != nullptr);
    return *found;
}

}  // namespace

TEST_CASE("board: relays are set at boot, before anything else") {
    World world(3);
    setPolicy(world, 1, PowerOn::On);
    world.pins.level = {true, false, true};
    world.boot();
    CHECK_FALSE(world.pins.level[0]);
    CHECK(world.pins.level[1]);
    CHECK_FALSE(world.pins.level[2]);
    REQUIRE(world.effects.size() == 3);
    for (uint8_t relay = 0; relay < 3; ++relay) {
        CHECK(world.effects[relay].kind == Effect::Kind::Moved);
        CHECK(world.effects[relay].relay == relay);
        CHECK(world.effects[relay].on == (relay == 1));
        CHECK(world.effects[relay].cause == wire::Cause::Boot);
        CHECK(world.effects[relay].number == 0);
    }
    CHECK(world.outbox.empty());
}

TEST_CASE("board: the boot order") {
    World world(2);
    setPolicy(world, 1, PowerOn::On);
    world.boot();
    world.now = 250;
    world.chip.next = {0, 0xc0ffee01};  // 0 is no session, so it draws again
    const std::vector<Sent> said = world.connect();

    const std::string will = std::string(kBase) + "$state";
    CHECK(said.at(0).type == 1);
    CHECK(said[0].body == be16(4) + "MQTT\x04\xee" + be16(10) + be16(12) + "relay-a1b2c3" +
                              be16(will.size()) + will + be16(4) + "lost" + be16(12) + "relay-a1b2c3" +
                              be16(6) + "s3cret");
    const Words expected = {
        "packet 1",
        "$state init",
        "$description",
        "system/rssi -61",
        "system/heap 31234",
        "system/uptime 250",
        "system/restart-reason power-on",
        "system/firmware 9.8.7",
        "system/model test-model",
        "system/mac 5c:cf:7f:a1:b2:c3",
        "system/chip-id a1b2c3",
        "relay-1/on/$target false",
        "relay-1/on false",
        "relay-1/power-on off",
        "relay-1/pulse 0",
        "relay-1/interlock 0",
        "relay-1/wiring no-high",
        "relay-2/on/$target true",
        "relay-2/on true",
        "relay-2/power-on on",
        "relay-2/pulse 0",
        "relay-2/interlock 0",
        "relay-2/wiring no-high",
        "$session c0ffee01 250",
        "$report c0ffee01 1 250 relay-1/on false boot -",
        "$report c0ffee01 2 250 relay-2/on true boot -",
        "packet 8",
        "$state ready",
    };
    Words got = words(said);
    for (std::string& word : got) {
        if (word.rfind("$description ", 0) == 0) {
            word = "$description";
        }
    }
    CHECK(got == expected);
    for (const Sent& sent : said) {
        if (sent.type == 3) {
            CAPTURE(sent.topic);
            const bool event =
                sent.topic == std::string(kBase) + "$session" || sent.topic == std::string(kBase) + "$report";
            CHECK(sent.retained() == !event);
            CHECK((sent.flags & 6) == 2);
        }
    }
    CHECK(world.board->ready());
}

TEST_CASE("board: ready waits for the SUBACK") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.receive(connack());
    unsigned subscribe = 0;
    while (!world.outbox.empty()) {
        for (const Sent& sent : world.take()) {
            if (sent.type == 3) {
                world.receive(puback(sent.id));
                CHECK(sent.payload != "ready");
            } else if (sent.type == 8) {
                subscribe = sent.id;
            }
        }
    }
    REQUIRE(subscribe != 0);
    CHECK_FALSE(world.board->ready());
    world.receive(suback(subscribe));
    CHECK(world.board->ready());
    CHECK(words(world.take()) == Words{"$state ready"});
}

TEST_CASE("board: the description is Homie 5 and names the extensions") {
    for (uint8_t relays = 1; relays <= kRelaysMax; ++relays) {
        World world(relays);
        world.boot();
        std::string description;
        for (const Sent& sent : world.connect()) {
            if (sent.topic == std::string(kBase) + "$description") {
                description = sent.payload;
            }
        }
        CHECK(description.rfind("{\"homie\":\"5.0\",\"version\":", 0) == 0);
        CHECK(description.find("\"extensions\":[\"org.gatehouse.command:1.0:[5.x]\",\"org.gatehouse."
                               "credential:1.0:[5.x]\",\"org.gatehouse.settings:1.0:[5.x]\",\"org.gatehouse."
                               "network:1.0:[5.x]\"]") != std::string::npos);
        for (unsigned relay = 1; relay <= kRelaysMax; ++relay) {
            const std::string node = "\"relay-" + std::to_string(relay) + "\":{";
            CHECK((description.find(node) != std::string::npos) == (relay <= relays));
        }
        CHECK(description.find("\"system\":{") != std::string::npos);
        CHECK(std::count(description.begin(), description.end(), '{') ==
              std::count(description.begin(), description.end(), '}'));
        CHECK(description.find(",}") == std::string::npos);
        CHECK(world.board->ready());
    }
}

TEST_CASE("board: a command is obeyed, read back and reported before anything else is said") {
    World world;
    world.boot();
    world.connect();
    world.take();
    world.now = 5000;
    world.command(1, "relay-2/on", "true");
    CHECK(world.pins.level[1]);
    CHECK(moved(world).relay == 1);
    CHECK(moved(world).on);
    CHECK(moved(world).cause == wire::Cause::Command);
    CHECK(moved(world).number == 1);
    const std::string s = world.session;
    CHECK(words(world.take()) == Words{"$report " + s + " 3 5000 relay-2/on true command " + s + ":1",
                                       "relay-2/on/$target true", "relay-2/on true", "packet 4"});
    // The same value again moves nothing, and is reported all the same.
    world.settle();
    world.command(7, "relay-2/on", "true");
    CHECK_FALSE(world.asked(Effect::Kind::Moved));
    CHECK(words(world.take()).at(0) == "$report " + s + " 4 5000 relay-2/on true command " + s + ":7");
}

TEST_CASE("board: commands in one block are obeyed each, in order") {
    World world;
    world.boot();
    world.connect();
    const std::string topic = std::string(kBase) + "$command";
    const std::string s = world.session;
    world.receive(publish(topic, s + " 1 9999 relay-1/on true", 1, 5) +
                  publish(topic, s + " 2 9999 relay-1/on false", 1, 6) +
                  publish(topic, s + " 3 9999 relay-1/on true", 0));
    REQUIRE(world.effects.size() == 3);
    CHECK(world.effects[0].on);
    CHECK_FALSE(world.effects[1].on);
    CHECK(world.effects[2].number == 3);
    const Words said = words(world.take());
    CHECK(said.at(0) == "$report " + s + " 3 0 relay-1/on true command " + s + ":1");
    CHECK(said.at(4) == "$report " + s + " 4 0 relay-1/on false command " + s + ":2");
    CHECK(said.at(8) == "$report " + s + " 5 0 relay-1/on true command " + s + ":3");
}

TEST_CASE("board: what it does not obey it refuses, with the reason") {
    World world;
    world.boot();
    world.connect();
    world.now = 3000;
    const std::string s = world.session;
    const auto answer = [&](unsigned seq, const std::string& endpoint, const std::string& value,
                            uint64_t deadline = 100000, const std::string& session = "") {
        world.command(seq, endpoint, value, deadline, session);
        CHECK_FALSE(world.asked(Effect::Kind::Moved));
        const Words said = words(world.settle());
        REQUIRE(said.size() == 2);
        CHECK(said[1] == "packet 4");
        return said[0];
    };
    CHECK(answer(1, "relay-3/on", "true") == "$refusal " + s + " 1 3000 relay-3/on unknown-endpoint");
    CHECK(answer(2, "relay-1/power-on", "on") ==
          "$refusal " + s + " 2 3000 relay-1/power-on unknown-endpoint");
    CHECK(answer(3, "relay-1/on", "on") == "$refusal " + s + " 3 3000 relay-1/on bad-value");
    CHECK(answer(4, "relay-1/on", "true", 3000) == "$refusal " + s + " 4 3000 relay-1/on stale");
    CHECK(answer(4, "relay-1/on", "true") == "$refusal " + s + " 4 3000 relay-1/on stale");
    CHECK(answer(3, "relay-1/on", "true") == "$refusal " + s + " 3 3000 relay-1/on stale");
    CHECK(answer(9, "relay-1/on", "true", 100000, "0badcafe") == "$refusal 0badcafe 9 3000 relay-1/on stale");
    CHECK_FALSE(world.pins.level[0]);
    world.command(5, "relay-1/on", "true", 3001);
    CHECK(world.pins.level[0]);
}

TEST_CASE("board: retained, malformed and oversized commands and /set move nothing and are counted") {
    World world;
    world.boot();
    world.connect();
    const std::string topic = std::string(kBase) + "$command";
    const std::string good = world.session + " 1 99999 relay-1/on true";
    world.receive(publish(topic, good, 1, 5, true));
    world.receive(publish(topic, good + " ", 1, 6));
    world.receive(publish(topic, "", 0));
    world.receive(publish(topic, std::string(4000, 'x'), 1, 7));
    world.receive(publish(std::string(kBase) + "relay-1/on/set", "true", 1, 8));
    world.receive(publish("homie/5/relay-other/$command", good, 1, 9));
    world.receive(publish(std::string(kBase) + "relay-1/power-on/set", "sometimes", 1, 10));
    world.receive(publish(std::string(kBase) + "relay-1/power-on/set", "on", 1, 11, true));
    CHECK(words(world.settle()) == Words(7, "packet 4"));
    CHECK_FALSE(world.pins.level[0]);
    CHECK(world.board->drops().retainedCommands == 1);
    CHECK(world.board->drops().malformedCommands == 2);
    CHECK(world.board->drops().tooLong == 1);
    CHECK(world.board->drops().ignoredMessages == 4);
    world.command(1, "relay-1/on", "true");
    CHECK(world.pins.level[0]);
}

TEST_CASE("board: a pin that does not follow is reported as read") {
    World world;
    world.boot();
    world.connect();
    world.pins.stuck[0] = 0;
    world.command(1, "relay-1/on", "true");
    CHECK_FALSE(world.asked(Effect::Kind::Moved));
    CHECK(world.logged(Notice::ReadBackDiffers));
    const std::string s = world.session;
    CHECK(words(world.take()).at(0) == "$report " + s + " 3 0 relay-1/on false command " + s + ":1");
}

TEST_CASE("board: the wall button works with and without a gateway, and is named as the cause") {
    World world;
    world.boot();
    world.press(0);
    CHECK(world.pins.level[0]);
    CHECK(moved(world).cause == wire::Cause::Button);
    CHECK(moved(world).number == 0);
    const Words said = words(world.connect());
    const std::string s = world.session;
    CHECK(contains(said, "relay-1/on true"));
    CHECK(contains(said, "$report " + s + " 1 " + std::to_string(world.now) + " relay-1/on true button -"));

    world.command(3, "relay-1/on", "true");
    world.settle();
    const uint64_t pressed = world.now;
    world.press(0);
    CHECK_FALSE(world.pins.level[0]);
    CHECK(moved(world).number == 3);
    CHECK(words(world.settle()) == Words{"$report " + s + " 4 " + std::to_string(pressed + 30) +
                                             " relay-1/on false button " + s + ":3",
                                         "relay-1/on/$target false", "relay-1/on false"});
}

TEST_CASE("board: a spike on the button wire moves nothing") {
    World world;
    world.boot();
    world.post(Event::buttonLevel(0, true, 100));
    world.now = 120;
    world.post(Event::buttonLevel(0, false, 120));
    world.advance(1000);
    CHECK_FALSE(world.pins.level[0]);
    world.post(Event::buttonLevel(7, true, world.now));  // a button this board does not have
    world.advance(1000);
}

TEST_CASE("board: a press while it announces itself is reported after the session is known") {
    World world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.writable = false;
    world.receive(connack());
    world.press(1);
    world.writable = true;
    world.drain();
    const Words said = words(world.settle());
    const auto session = std::find_if(said.begin(), said.end(),
                                      [](const std::string& word) { return word.rfind("$session", 0) == 0; });
    const auto report = std::find_if(said.begin(), said.end(),
                                     [](const std::string& word) { return word.rfind("$report", 0) == 0; });
    CHECK(session < report);
    CHECK(said.back() == "$state ready");
    const auto last = std::find_if(said.rbegin(), said.rend(), [](const std::string& word) {
        return word.find("relay-2/on true button") != std::string::npos;
    });
    CHECK(last != said.rend());
}

TEST_CASE("board: uptime is published often enough to be a clock") {
    World world;
    world.boot();
    world.connect();
    uint64_t last = 0;
    for (int second = 0; second < 120; ++second) {
        world.advance(1000);
        for (const std::string& word : words(world.settle())) {
            if (word.rfind("system/uptime ", 0) == 0) {
                last = std::stoull(word.substr(14));
                CHECK(last == world.now);
            }
        }
        CHECK(world.now - last <= 30000);
    }
    CHECK(last > 90000);
}

TEST_CASE("board: without a credential it is a switch on the wall, and says so") {
    World world;
    world.flash = RamFlash();
    world.boot();
    world.post(Event::Kind::WifiUp);
    CHECK(world.logged(Notice::NotProvisioned));
    CHECK_FALSE(world.asked(Effect::Kind::Dial));
    world.press(0);
    CHECK(world.pins.level[0]);
    world.advance(RestoreKeeper::kLatestMs);
    CHECK(world.board->nextDeadlineMs() == UINT64_MAX);
}
