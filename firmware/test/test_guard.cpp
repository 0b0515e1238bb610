// Safe mode, and the light that tells of it.
#include <doctest/doctest.h>

#include <cstring>

#include "bench.hpp"
#include "boot_guard.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

class RtcMemory final : public BootMemory {
  public:
    uint32_t words[kWords] = {0xdeadbeef, 0x12345678, 0x9abcdef0};
    bool broken = false;

    bool load(uint32_t (&out)[kWords]) override {
        std::memcpy(out, words, sizeof words);
        return !broken;
    }
    bool store(uint32_t (&in)[kWords]) override {
        std::memcpy(words, in, sizeof words);
        return !broken;
    }
};

/// A run that ends in a fault `afterMs` after its start; whether it was a safe one.
bool fallsOver(RtcMemory& memory, bool fault, uint64_t afterMs = 1000) {
    BootGuard guard(memory);
    const bool safe = guard.boot(fault);
    CHECK_FALSE(guard.tick(afterMs));
    return safe;
}

}  // namespace

TEST_CASE("guard: the boot after three that fell over is a safe one, and the one after that is not") {
    RtcMemory memory;
    CHECK_FALSE(fallsOver(memory, false));  // power came; in the memory there is anything
    CHECK_FALSE(fallsOver(memory, true));
    CHECK_FALSE(fallsOver(memory, true));
    CHECK(fallsOver(memory, true));
    CHECK_FALSE(fallsOver(memory, true));
    CHECK_FALSE(fallsOver(memory, true));
    CHECK(fallsOver(memory, true));
}

TEST_CASE(
    "guard: a minute without a fault, a power cut or a restart that was asked for begin the count anew") {
    RtcMemory memory;
    fallsOver(memory, false);
    for (int turn = 0; turn < 10; ++turn) {
        CHECK_FALSE(fallsOver(memory, true));
        CHECK_FALSE(fallsOver(memory, true, BootGuard::kSoundMs));
    }
    CHECK_FALSE(fallsOver(memory, true, BootGuard::kSoundMs - 1));
    CHECK_FALSE(fallsOver(memory, true, BootGuard::kSoundMs - 1));
    CHECK_FALSE(fallsOver(memory, false));
    CHECK_FALSE(fallsOver(memory, true));
    CHECK_FALSE(fallsOver(memory, true));
    CHECK(fallsOver(memory, true));
}

TEST_CASE("guard: what is in the memory after a power cut counts for nothing, nor does memory that fails") {
    for (uint32_t garbage = 0; garbage < 1000; ++garbage) {
        RtcMemory memory;
        for (uint32_t& word : memory.words) {
            word = garbage * 2654435761U + word;
        }
        CHECK_FALSE(fallsOver(memory, true));
    }
    RtcMemory memory;
    memory.broken = true;
    for (int turn = 0; turn < 10; ++turn) {
        CHECK_FALSE(fallsOver(memory, true));
    }
}

TEST_CASE("guard: safe mode ends by itself") {
    RtcMemory memory;
    fallsOver(memory, false);
    fallsOver(memory, true);
    fallsOver(memory, true);
    BootGuard guard(memory);
    CHECK(guard.boot(true));
    CHECK(guard.safe());
    CHECK_FALSE(guard.tick(BootGuard::kSafeMs - 1));
    CHECK(guard.tick(BootGuard::kSafeMs));
    BootGuard after(memory);
    CHECK_FALSE(after.boot(false));
    CHECK_FALSE(after.tick(BootGuard::kSafeMs));
}

TEST_CASE("guard: a board in safe mode has its relays, buttons and port, and joins nothing unasked") {
    SerialWorld world = SerialWorld::claimed();
    world.safe = true;
    world.boot();
    CHECK(world.relayOn());
    CHECK_FALSE(world.asked(Effect::Kind::Join));
    CHECK(world.board->light(world.now) == LightMeaning::Safe);
    world.advance(10 * Board::kJoinMs);
    CHECK_FALSE(world.asked(Effect::Kind::Join));
    world.press(0);
    CHECK_FALSE(world.relayOn());
    CHECK(world.serial(rpc(2)) == Frames{"state 2"});
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|idle"});
    CHECK(world.serial(networkRpc("old", "old password")) == Frames{"state 3"});
    CHECK(world.asked(Effect::Kind::Join));
    world.connect();
    CHECK(world.board->light(world.now) == LightMeaning::Online);
}

TEST_CASE("light: what it says on the way to the gateway") {
    const SerialWorld bare = SerialWorld::bare();
    CHECK(bare.board->light(bare.now) == LightMeaning::NoHome);
    SerialWorld world = SerialWorld::claimed();
    CHECK(world.board->light(world.now) == LightMeaning::Joining);
    world.post(Event::Kind::WifiUp);
    CHECK(world.board->light(world.now) == LightMeaning::Dialing);
    world.logIn();
    CHECK(world.board->light(world.now) == LightMeaning::Online);
    world.post(Event::Kind::Disconnected);
    CHECK(world.board->light(world.now) == LightMeaning::Dialing);
    world.post(Event::Kind::WifiDown);
    CHECK(world.board->light(world.now) == LightMeaning::Joining);
}

TEST_CASE("light: no two meanings look alike") {
    std::vector<std::string> patterns;
    for (const LightMeaning meaning : {LightMeaning::Online, LightMeaning::NoHome, LightMeaning::Joining,
                                       LightMeaning::Dialing, LightMeaning::Safe, LightMeaning::Identify}) {
        std::string pattern;
        for (uint64_t nowMs = 0; nowMs < 4000; nowMs += 25) {
            pattern += lit(meaning, nowMs) ? '#' : '.';
        }
        for (const std::string& other : patterns) {
            CHECK(pattern != other);
        }
        patterns.push_back(pattern);
    }
    CHECK(patterns[0].find('#') == std::string::npos);
}
