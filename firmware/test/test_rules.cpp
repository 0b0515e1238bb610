// The small rules on their own: gate, debounce, back-off, relays.
#include <doctest/doctest.h>

#include <set>

#include "backoff.hpp"
#include "command_gate.hpp"
#include "debounce.hpp"
#include "fakes.hpp"
#include "relay_bank.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

wire::Command command(uint32_t session, uint32_t seq, uint64_t deadlineMs) {
    wire::Command out;
    out.id = {session, seq};
    out.deadlineMs = deadlineMs;
    return out;
}

}  // namespace

TEST_CASE("gate: nothing passes before a session is open") {
    CommandGate gate;
    CHECK_FALSE(gate.admit(command(0, 1, 100), 0));
    CHECK_FALSE(gate.admit(command(7, 1, 100), 0));
}

TEST_CASE("gate: session, rising sequence, deadline") {
    CommandGate gate;
    gate.open(7);
    CHECK(gate.admit(command(7, 1, 100), 99));
    CHECK_FALSE(gate.admit(command(7, 1, 100), 99));
    CHECK(gate.admit(command(7, 5, 100), 99));
    CHECK_FALSE(gate.admit(command(7, 4, 100), 99));
    CHECK_FALSE(gate.admit(command(8, 6, 100), 99));
    CHECK(gate.admit(command(7, 6, 100), 99));
    CHECK_FALSE(gate.admit(command(7, 7, 100), 100));
    CHECK_FALSE(gate.admit(command(7, 8, 100), 101));
    CHECK(gate.admit(command(7, 4294967295U, wire::kUptimeMax), 99));
}

TEST_CASE("gate: a sequence that came too late counts as seen") {
    CommandGate gate;
    gate.open(7);
    CHECK_FALSE(gate.admit(command(7, 9, 50), 99));
    CHECK_FALSE(gate.admit(command(7, 8, 1000), 99));
    CHECK(gate.admit(command(7, 10, 1000), 99));
}

TEST_CASE("gate: sequences of a foreign session count for nothing") {
    CommandGate gate;
    gate.open(7);
    CHECK_FALSE(gate.admit(command(8, 1000, 1000), 1));
    CHECK(gate.admit(command(7, 1, 1000), 1));
    gate.open(8);
    CHECK_FALSE(gate.admit(command(7, 2, 1000), 1));
    CHECK(gate.admit(command(8, 1, 1000), 1));
}

TEST_CASE("debounce: a steady level is one press, its end is none") {
    Debouncer button;
    CHECK_FALSE(button.sample(false, 0));
    CHECK_FALSE(button.sample(true, 100));
    CHECK(button.nextDeadlineMs() == 130);
    CHECK_FALSE(button.settle(129));
    CHECK(button.settle(130));
    CHECK_FALSE(button.settle(131));
    CHECK(button.nextDeadlineMs() == UINT64_MAX);
    CHECK_FALSE(button.sample(false, 500));
    CHECK_FALSE(button.settle(600));
    CHECK_FALSE(button.sample(true, 700));
    CHECK(button.settle(730));
}

TEST_CASE("debounce: bounces and spikes are no press") {
    Debouncer button;
    button.sample(false, 0);
    for (uint64_t at = 100; at < 200; at += 10) {
        CHECK_FALSE(button.sample(at % 20 == 0, at));
    }
    CHECK_FALSE(button.sample(false, 200));
    CHECK_FALSE(button.settle(1000));
    // A spike seen late: one sample high, the next one low, whatever lay between.
    CHECK_FALSE(button.sample(true, 2000));
    CHECK_FALSE(button.sample(false, 2100));
    CHECK_FALSE(button.settle(3000));
    // Contacts that bounce, then hold, are one press, counted from the last bounce.
    CHECK_FALSE(button.sample(true, 4000));
    CHECK_FALSE(button.sample(false, 4005));
    CHECK_FALSE(button.sample(true, 4010));
    CHECK_FALSE(button.settle(4039));
    CHECK(button.settle(4040));
}

TEST_CASE("debounce: a button held at boot is no press") {
    Debouncer button;
    CHECK_FALSE(button.sample(true, 0));
    CHECK_FALSE(button.settle(1000));
    CHECK_FALSE(button.sample(false, 2000));
    CHECK_FALSE(button.settle(2100));
    CHECK_FALSE(button.sample(true, 3000));
    CHECK(button.settle(3030));
}

TEST_CASE("back-off: ranges double up to the cap, and reset") {
    FakeChip chip;
    const uint32_t ceilings[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    for (int run = 0; run < 500; ++run) {
        Backoff backoff;
        for (const uint32_t ceiling : ceilings) {
            const uint32_t delay = backoff.nextDelayMs(chip.random());
            CHECK(delay >= ceiling / 2);
            CHECK(delay <= ceiling);
        }
        backoff.reset();
        CHECK(backoff.nextDelayMs(chip.random()) <= 1000);
    }
}

TEST_CASE("back-off: five hundred boards do not come back together") {
    std::set<uint32_t> delays;
    FakeChip chip;
    for (int board = 0; board < 500; ++board) {
        delays.insert(Backoff().nextDelayMs(chip.random()));
    }
    CHECK(*delays.begin() < 520);
    CHECK(*delays.rbegin() > 980);
    CHECK(delays.size() > 250);
}

TEST_CASE("relays: what is read counts, not what was written") {
    FakePins pins;
    RelayBank relays(pins, 2);
    CHECK(relays.boot(0, false).matches);
    RelayBank::Outcome outcome = relays.obey(0, true, {7, 1});
    CHECK(outcome.moved);
    CHECK(outcome.matches);
    CHECK(relays[0].on);

    pins.stuck[0] = 1;
    outcome = relays.obey(0, false, {7, 2});
    CHECK_FALSE(outcome.moved);
    CHECK_FALSE(outcome.matches);
    CHECK(relays[0].on);
    CHECK(relays[0].obeyed.seq == 2);
}

TEST_CASE("relays: a button that moved nothing is not the cause of anything") {
    FakePins pins;
    RelayBank relays(pins, 1);
    relays.boot(0, true);
    relays.obey(0, true, {7, 1});
    pins.stuck[0] = 1;
    CHECK_FALSE(relays.move(0, false, wire::Cause::Button).news);
    CHECK(relays[0].cause == wire::Cause::Command);
    // It fell by itself meanwhile: the next look is news, though this write changed nothing.
    pins.stuck[0] = 0;
    CHECK(relays.move(0, false, wire::Cause::Button).news);
    CHECK_FALSE(relays[0].on);
}
