// Settings survive a power cut at every byte.
#include <doctest/doctest.h>

#include <map>
#include <optional>

#include "fakes.hpp"
#include "journal.hpp"
#include "settings.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr Key kA{1, 0};
constexpr Key kB{2, 0};

std::optional<std::string> get(Journal& journal, Key key) {
    char value[Journal::kValueMax];
    size_t size = 0;
    if (!journal.get(key, value, sizeof value, size)) {
        return std::nullopt;
    }
    return std::string(value, size);
}

bool put(Journal& journal, Key key, const std::string& value) {
    return journal.put(key, view(value));
}

/// Cuts the power at every unit of work of `put(key, value)` on a flash like `start`, and checks what is
/// left. Returns how many cuts were made.
size_t cutEverywhere(const RamFlash& start, Key key, const std::string& value) {
    RamFlash whole = start;
    whole.used = 0;
    Journal measured(whole);
    REQUIRE(measured.open());
    std::map<uint8_t, std::optional<std::string>> before;
    for (uint8_t tag = 1; tag < 8; ++tag) {
        before[tag] = get(measured, {tag, 0});
    }
    REQUIRE(put(measured, key, value));
    for (size_t budget = 1; budget <= whole.used + 1; ++budget) {
        RamFlash flash = start;
        {
            Journal journal(flash);
            REQUIRE(journal.open());
            flash.budget = budget;
            const bool done = put(journal, key, value);
            flash.budget = RamFlash::kUnlimited;
            CHECK(done == (budget > whole.used));
        }
        Journal journal(flash);
        REQUIRE(journal.open());
        const std::string now = get(journal, key).value_or("");
        CHECK((now == value || now == before[key.tag].value_or("")));
        if (budget > whole.used) {
            CHECK(now == value);
        }
        for (uint8_t tag = 1; tag < 8; ++tag) {
            if (tag != key.tag) {
                CHECK(get(journal, {tag, 0}) == before[tag]);
            }
        }
        // And the journal goes on working.
        flash.overwritten = 0;
        REQUIRE(put(journal, kA, "after the cut"));
        CHECK(flash.overwritten == 0);
        Journal again(flash);
        REQUIRE(again.open());
        CHECK(get(again, kA) == "after the cut");
    }
    return whole.used;
}

/// Fills the sector with rewrites of one key until fewer than `left` bytes remain.
void fill(Journal& journal, RamFlash& flash, Key key) {
    const size_t erases = flash.erases;
    RamFlash last = flash;
    for (unsigned turn = 0; flash.erases == erases; ++turn) {
        last = flash;
        REQUIRE(put(journal, key, "turn " + std::to_string(turn % 10) + std::string(60, '.')));
    }
    flash = last;  // the state just before the sector changed
}

}  // namespace

TEST_CASE("journal: the last value of a key counts, also after a restart") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    CHECK_FALSE(get(journal, kA));
    CHECK(put(journal, kA, "one"));
    CHECK(put(journal, kB, "other"));
    CHECK(put(journal, kA, "two"));
    CHECK(get(journal, kA) == "two");
    Journal again(flash);
    REQUIRE(again.open());
    CHECK(get(again, kA) == "two");
    CHECK(get(again, kB) == "other");
    CHECK(put(again, kB, ""));
    CHECK_FALSE(get(again, kB));
}

TEST_CASE("journal: ten thousand writes wear both sectors evenly and lose nothing") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, kB, "kept"));
    for (int turn = 0; turn < 10000; ++turn) {
        REQUIRE(put(journal, kA, std::to_string(turn)));
    }
    CHECK(get(journal, kA) == "9999");
    CHECK(get(journal, kB) == "kept");
    CHECK(flash.erases < 10000 / 200);
}

TEST_CASE("journal: power lost at every byte of an append") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, kA, "old"));
    REQUIRE(put(journal, kB, "other"));
    CHECK(cutEverywhere(flash, kA, "a new value, and longer") == 32);
    CHECK(cutEverywhere(flash, {3, 0}, std::string(40, '\xff')) == 48);
    CHECK(cutEverywhere(flash, kB, "") == 8);
}

TEST_CASE("journal: power lost at every byte of a change of sectors") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, kB, "kept since the beginning"));
    REQUIRE(put(journal, {3, 0}, "removed"));
    REQUIRE(put(journal, {3, 0}, ""));
    REQUIRE(put(journal, {4, 0}, std::string(200, 'c')));
    fill(journal, flash, kA);
    // 8 units of erasing, three live records, the header, the new record
    CHECK(cutEverywhere(flash, kA, std::string(66, 'n')) > 8 + 12 + 200 + 66);
    // Once more with an old log of its own in the other sector.
    Journal second(flash);
    REQUIRE(second.open());
    fill(second, flash, kA);
    CHECK(cutEverywhere(flash, kA, std::string(66, 'm')) > 8 + 12 + 200 + 66);
}

TEST_CASE("journal: power lost at every byte of the longest value") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, kA, "old"));
    REQUIRE(put(journal, {6, 0}, std::string(Journal::kValueMax, 'o')));
    CHECK(cutEverywhere(flash, {6, 0}, std::string(Journal::kValueMax, 'n')) == Journal::kValueMax + 8);
}

TEST_CASE("journal: power lost at every byte of the write after a torn one") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, kA, "old"));
    REQUIRE(put(journal, kB, "other"));
    flash.budget = 9;
    CHECK_FALSE(put(journal, kA, "torn in the middle"));
    flash.budget = RamFlash::kUnlimited;
    cutEverywhere(flash, kA, "second try");
}

TEST_CASE("journal: power lost at every byte of the first format") {
    for (size_t budget = 1; budget < 30; ++budget) {
        RamFlash flash;
        std::fill(flash.cells.begin(), flash.cells.end(), uint8_t{0x5a});
        flash.budget = budget;
        Journal journal(flash);
        journal.open();
        flash.budget = RamFlash::kUnlimited;
        Journal again(flash);
        REQUIRE(again.open());
        CHECK(put(again, kA, "value"));
        CHECK(get(again, kA) == "value");
    }
}

TEST_CASE("journal: a flash full of live records refuses, and keeps what it has") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    uint8_t stored = 0;
    while (put(journal, {10, stored}, std::string(380, 'x'))) {
        ++stored;
        REQUIRE(stored < 20);
    }
    CHECK(stored == 10);
    CHECK(put(journal, kA, "small still fits"));
    for (uint8_t index = 0; index < stored; ++index) {
        CHECK(get(journal, {10, index}) == std::string(380, 'x'));
    }
    CHECK_FALSE(put(journal, kA, std::string(Journal::kValueMax + 1, 'x')));
}

TEST_CASE("journal: records of a newer firmware are carried along") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, {200, 3}, "from the future"));
    fill(journal, flash, kA);
    Journal again(flash);
    REQUIRE(again.open());
    for (int turn = 0; turn < 500; ++turn) {
        REQUIRE(put(again, kA, std::to_string(turn)));
    }
    CHECK(get(again, {200, 3}) == "from the future");
}

TEST_CASE("journal: any single flipped bit loses at most what lies behind it, and never invents") {
    RamFlash flash;
    Journal journal(flash);
    REQUIRE(journal.open());
    REQUIRE(put(journal, kA, "first"));
    REQUIRE(put(journal, kB, "second"));
    for (size_t at = 0; at < 48; ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            RamFlash broken = flash;
            broken.cells[at] = static_cast<uint8_t>(broken.cells[at] ^ (1 << bit));
            Journal read(broken);
            REQUIRE(read.open());
            const std::optional<std::string> a = get(read, kA);
            const std::optional<std::string> b = get(read, kB);
            CHECK((!a || a == "first"));
            CHECK((!b || b == "second"));
        }
    }
}

TEST_CASE("settings: defaults, then what was stored") {
    RamFlash flash;
    {
        Settings settings(flash);
        REQUIRE(settings.load());
        CHECK_FALSE(settings.provisioned());
        CHECK(settings.powerOn(0) == PowerOn::Off);
        CHECK(settings.setCredential("relay-a1b2c3"_t, "secret"_t));
        CHECK(settings.setGateway("192.168.1.2"_t, 8883));
        CHECK(settings.setWifi("home"_t, "password"_t));
        CHECK(settings.setPowerOn(7, PowerOn::Restore));
        CHECK(settings.setRelayMask(0x81));
    }
    Settings settings(flash);
    REQUIRE(settings.load());
    CHECK(settings.provisioned());
    CHECK(str(settings.id()) == "relay-a1b2c3");
    CHECK(str(settings.secret()) == "secret");
    CHECK(str(settings.gatewayHost()) == "192.168.1.2");
    CHECK(settings.gatewayPort() == 8883);
    CHECK(settings.powerOn(7) == PowerOn::Restore);
    CHECK(settings.powerOn(6) == PowerOn::Off);
    CHECK(settings.relayMask() == 0x81);
}

TEST_CASE("settings: what is not valid is not stored, what is stored is not written again") {
    RamFlash flash;
    Settings settings(flash);
    REQUIRE(settings.load());
    const std::string longText(200, 'x');
    CHECK_FALSE(settings.setCredential("Relay 1"_t, "secret"_t));
    CHECK_FALSE(settings.setCredential("relay-1"_t, ""_t));
    CHECK_FALSE(settings.setCredential("relay-1"_t, view(longText)));
    CHECK_FALSE(settings.setGateway(""_t, 1));
    CHECK_FALSE(settings.setGateway("host"_t, 0));
    CHECK_FALSE(settings.setGateway(view(longText), 1));
    CHECK_FALSE(settings.setWifi(""_t, "x"_t));
    CHECK_FALSE(settings.setPowerOn(8, PowerOn::On));
    CHECK_FALSE(settings.provisioned());

    CHECK(settings.setPowerOn(0, PowerOn::On));
    const size_t used = flash.used;
    CHECK(settings.setPowerOn(0, PowerOn::On));
    CHECK(flash.used == used);
}
