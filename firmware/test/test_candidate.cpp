// What came by the serial port takes the place of what was there in one step, wherever power goes.
#include "bench.hpp"
#include "settings_keys.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const std::string kOldAll = kOldHome + " old/old password";
const std::string kNewAll = kNewHome + " new/new password";

/// What a board that starts on `flash` tries first; and that it can be given another home then.
std::string startsWith(const RamFlash& flash) {
    SerialWorld world;
    world.flash = flash;
    world.boot();
    const std::string found = world.home() + " " + world.network();
    CHECK(world.relayOn());
    return found;
}

std::string endsWith(const RamFlash& flash) {
    SerialWorld world;
    world.flash = flash;
    world.boot();
    world.advance(Board::kTrialMs);  // nobody answers
    CHECK(world.board->settings().trial() == Settings::Trial::None);
    const std::string found = world.home() + " " + world.network();
    world.boot();
    CHECK(world.home() + " " + world.network() == found);
    return found;
}

void chunks(SerialWorld& world) {
    for (const std::string& one : chunkRpcs(kNewDocument)) {
        world.serial(one);
    }
}

struct Step {
    const char* name;
    void (*act)(SerialWorld&);
    /// What it may try first after a cut in this step, and what counts when nobody answers.
    std::vector<std::string> tried;
    std::vector<std::string> kept;
};

const std::vector<Step> kSteps = {
    {"handover", chunks, {kOldAll}, {kOldAll}},
    {"network",
     [](SerialWorld& world) { world.serial(networkRpc("new", "new password")); },
     {kOldAll, kNewAll},
     {kOldAll}},
    {"address", [](SerialWorld& world) { world.post(Event::Kind::WifiUp); }, {kNewAll}, {kOldAll}},
    {"login",
     [](SerialWorld& world) {
         world.post(Event::Kind::Connected);
         world.receive(connack());
     },
     {kNewAll},
     {kOldAll, kNewAll}},
};

/// Cuts power at every byte written in each step, on a flash whose log ends `from` bytes before the sector
/// does.
size_t cutEverywhere(const RamFlash& start, const std::vector<Step>& steps) {
    size_t cuts = 0;
    for (size_t cut = 0; cut < steps.size(); ++cut) {
        CAPTURE(steps[cut].name);
        bool whole = false;
        for (size_t budget = 1; !whole; ++budget) {
            CAPTURE(budget);
            SerialWorld world;
            world.flash = start;
            world.boot();
            for (size_t at = 0; at < cut; ++at) {
                steps[at].act(world);
            }
            world.flash.budget = budget;
            steps[cut].act(world);
            whole = world.flash.budget > 0;
            world.flash.budget = RamFlash::kUnlimited;
            const std::string tried = startsWith(world.flash);
            const std::string kept = endsWith(world.flash);
            CHECK(std::find(steps[cut].tried.begin(), steps[cut].tried.end(), tried) !=
                  steps[cut].tried.end());
            CHECK(std::find(steps[cut].kept.begin(), steps[cut].kept.end(), kept) != steps[cut].kept.end());
            if (whole) {
                CHECK(tried == steps[cut].tried.back());
                CHECK(kept == steps[cut].kept.back());
            }
            cuts += whole ? 0 : 1;
        }
    }
    return cuts;
}

}  // namespace

TEST_CASE("candidate: power lost at every byte written on the way to a new home") {
    SerialWorld world = SerialWorld::claimed();
    CHECK(cutEverywhere(world.flash, kSteps) > 300);
}

TEST_CASE("candidate: power lost at every byte written, with a change of sectors at any place on the way") {
    SerialWorld world = SerialWorld::claimed();
    Journal journal(world.flash);
    REQUIRE(journal.open());
    // Logs of ever greater length, the last of which fills its sector.
    std::vector<RamFlash> logs;
    const size_t erases = world.flash.erases;
    for (int turn = 0; world.flash.erases == erases; ++turn) {
        logs.push_back(world.flash);
        REQUIRE(journal.put({201, 0}, view(std::string(40, static_cast<char>('a' + turn % 2)))));
    }
    // From the end: within the handover, the network, the adoption.
    for (const size_t before : {1U, 2U, 4U, 6U, 8U, 10U}) {
        CAPTURE(before);
        CHECK(cutEverywhere(logs.at(logs.size() - before), kSteps) > 300);
    }
}

TEST_CASE("candidate: power lost at every byte written while it is struck out") {
    const std::vector<Step> refused = {
        kSteps[0],
        kSteps[1],
        kSteps[2],
        {"refusal",
         [](SerialWorld& world) {
             world.post(Event::Kind::Connected);
             world.receive(connack(5));
         },
         {kNewAll, kOldAll},
         {kOldAll}},
    };
    SerialWorld world = SerialWorld::claimed();
    CHECK(cutEverywhere(world.flash, refused) > 150);
}

TEST_CASE("candidate: power lost at every byte written of a network alone, and of one tried after another") {
    const std::string third = kOldHome + " third/";
    const std::string other = kNewHome + " new/other";
    const std::vector<Step> alone = {
        {"network",
         [](SerialWorld& world) { world.serial(networkRpc("third", "")); },
         {kOldAll, third},
         {kOldAll}},
        {"address", [](SerialWorld& world) { world.post(Event::Kind::WifiUp); }, {third}, {kOldAll, third}},
    };
    const std::vector<Step> another = {
        kSteps[0],
        kSteps[1],
        {"better password",
         [](SerialWorld& world) { world.serial(networkRpc("new", "other")); },
         {kNewAll, kOldAll, other},
         {kOldAll}},
    };
    const std::vector<Step> home = {
        kSteps[0],
        kSteps[1],
        {"another handover", chunks, {kNewAll, kOldAll}, {kOldAll}},
    };
    SerialWorld world = SerialWorld::claimed();
    CHECK(cutEverywhere(world.flash, alone) > 50);
    CHECK(cutEverywhere(world.flash, another) > 150);
    CHECK(cutEverywhere(world.flash, home) > 250);
}

TEST_CASE("candidate: the longest of everything fits, twice over") {
    const auto longest = [](char letter) {
        return document(std::string(32, letter), std::string(128, letter), std::string(128, letter), 65535,
                        std::string(Settings::kAuthorityMax, letter));
    };
    SerialWorld world = SerialWorld::bare();
    {
        Settings settings(world.flash);
        settings.load();
        for (uint8_t relay = 0; relay < kRelaysMax; ++relay) {
            REQUIRE(settings.setPowerOn(relay, PowerOn::Restore));
        }
        REQUIRE(settings.setRelayMask(255));
    }
    world.boot();
    for (int turn = 0; turn < 20; ++turn) {
        const char letter = static_cast<char>('a' + turn);
        world.handOver(longest('z'));  // of which nothing may be left
        world.handOver(longest(letter));
        CHECK(world.serial(networkRpc(std::string(32, letter), std::string(64, letter))) ==
              Frames{"state 3"});
        world.post(Event::Kind::WifiUp);
        world.answers();
        world.post(Event::Kind::Connected);
        world.receive(connack());
        REQUIRE(world.logged(Notice::Adopted));
        world.boot();
        CHECK(str(world.board->settings().secret()) == std::string(128, letter));
        REQUIRE(world.board->settings().setCandidateSecret(view(std::string(128, 'z'))));
    }
}

TEST_CASE("candidate: an authority is never lost on the way to another one") {
    // With an authority in flash nothing is said in the clear: neither before, nor after, nor in between.
    SerialWorld world = SerialWorld::claimed();
    RamFlash before = world.flash;
    for (size_t budget = 1; budget < 2000; ++budget) {
        SerialWorld cut;
        cut.flash = before;
        cut.boot();
        chunks(cut);
        cut.serial(networkRpc("new", "new password"));
        cut.post(Event::Kind::WifiUp);
        cut.post(Event::Kind::Connected);
        cut.flash.budget = budget;
        cut.receive(connack());
        const bool whole = cut.flash.budget > 0;
        cut.flash.budget = RamFlash::kUnlimited;
        SerialWorld again;
        again.flash = cut.flash;
        Journal journal(again.flash);
        REQUIRE(journal.open());
        char value = 0;
        size_t size = 0;
        const bool worked = journal.get(kMark, &value, 1, size) && (value & mark::kWorked) != 0;
        again.boot();
        CHECK(again.board->settings().secured());
        // What has worked is finished by the boot, not by the next login.
        CHECK((!worked || again.board->settings().trial() == Settings::Trial::None));
        if (whole) {
            break;
        }
    }
}

TEST_CASE(
    "candidate: flash that fails while it is adopted leaves the board where it is, and it is finished "
    "later") {
    SerialWorld world = SerialWorld::claimed();
    chunks(world);
    world.serial(networkRpc("new", "new password"));
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.flash.budget = 100;  // after the mark
    world.receive(connack());
    CHECK(world.logged(Notice::SettingsFailed));
    world.flash.budget = RamFlash::kUnlimited;
    CHECK(world.home() == kNewHome);
    world.post(Event::Kind::Disconnected);
    world.advance(1000);
    world.post(Event::Kind::Connected);
    world.receive(connack());
    CHECK(world.logged(Notice::Adopted));
    CHECK(endsWith(world.flash) == kNewAll);
}
