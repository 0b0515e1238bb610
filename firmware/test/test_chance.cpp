// What chance finds: bytes on the serial line of a whole board, and a journal among power cuts and worn
// cells, each against what must hold. GATEHOUSE_CHANCE is how many seeds are tried of each, from 1; 200
// unless it is set. `make fuzz` tries more.
#include <map>

#include "bench.hpp"
#include "journal.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

unsigned rounds() {
    const char* const asked = std::getenv("GATEHOUSE_CHANCE");
    return asked == nullptr ? 200 : static_cast<unsigned>(std::stoul(asked));
}

size_t upTo(std::mt19937& random, size_t most) {
    return random() % (most + 1);
}

std::string bytes(std::mt19937& random, size_t most) {
    std::string out;
    for (size_t left = upTo(random, most); left > 0; --left) {
        out.push_back(static_cast<char>(random()));
    }
    return out;
}

/// Something close to what a gateway sends, so that it gets past the first checks.
std::string piece(std::mt19937& random) {
    // One after the other: which argument of a call is worked out first is the compiler's to say.
    const std::string one = bytes(random, 60);
    const auto number = static_cast<unsigned>(random() % 256);
    switch (random() % 9) {
        case 0:
            return noise();
        case 1:
            return one;
        case 2:
            return networkRpc(one, bytes(random, 80));
        case 3:
            return chunkRpc(number % 13, number % 2 == 0, bytes(random, 128));
        case 4: {
            std::string all;
            const std::string given = document("relay-9", "new secret", "192.168.1.20", 8883, kAuthorityB);
            for (const std::string& part : chunkRpcs(given, 1 + upTo(random, 127))) {
                all += random() % 20 == 0 ? "" : part;
            }
            return all;
        }
        case 5:
            return rpc(static_cast<uint8_t>(number), one);
        default:
            return rpc(static_cast<uint8_t>(2 + number % 3));
    }
}

using Values = std::map<uint8_t, std::string>;

Values valuesOf(Journal& journal) {
    Values out;
    for (uint8_t tag = 1; tag < 10; ++tag) {
        char value[Journal::kValueMax];
        size_t size = 0;
        if (journal.get({tag, 0}, value, sizeof value, size)) {
            out[tag] = std::string(value, size);
        }
    }
    return out;
}

}  // namespace

TEST_CASE(
    "chance: whatever comes by the serial line, a board answers in frames, moves no relay and takes the next "
    "home") {
    for (unsigned seed = 1; seed <= rounds(); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        SerialWorld world = seed % 2 == 0 ? SerialWorld::bare() : SerialWorld::claimed();
        const std::vector<bool> relays(world.pins.level.begin(), world.pins.level.end());
        for (size_t pieces = 1 + upTo(random, 8); pieces > 0; --pieces) {
            std::string said = piece(random);
            if (!said.empty() && random() % 3 == 0) {
                said[random() % said.size()] = static_cast<char>(random());
            }
            // A frame may be torn apart anywhere; what was begun is forgotten when the line is silent.
            const size_t cut = upTo(random, said.size());
            world.serial(said.substr(0, cut));
            if (random() % 8 == 0) {
                world.advance(random() % 3000);
            }
            world.serial(said.substr(cut));
            if (random() % 8 == 0) {
                world.wifiFails(WifiFailure::WrongPassword);
            }
        }
        CHECK(std::vector<bool>(world.pins.level.begin(), world.pins.level.end()) == relays);
        // Whatever came before: after as many line feeds as a frame can swallow it listens, and once the
        // network it may be trying has failed, it can be given a home.
        world.serial(std::string(improv::kFrameMax, '\n'));
        world.advance(3 * 60 * 1000);
        world.answers();
        world.handOver(kNewDocument);
    }
}

TEST_CASE("chance: a journal among writes, power cuts and restarts has each value as before or as written") {
    for (unsigned seed = 1; seed <= rounds(); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        RamFlash flash;
        auto journal = std::make_unique<Journal>(flash);
        REQUIRE(journal->open());
        Values known;
        for (size_t turn = 0; turn < 60; ++turn) {
            const auto tag = static_cast<uint8_t>(1 + random() % 9);
            const std::string value = bytes(random, random() % 8 == 0 ? Journal::kValueMax : 80);
            const bool cut = random() % 4 == 0;
            flash.budget = cut ? 1 + upTo(random, random() % 4 == 0 ? 4000 : 60) : RamFlash::kUnlimited;
            const bool done = journal->put({tag, 0}, view(value));
            if (cut || random() % 8 == 0) {
                flash.budget = RamFlash::kUnlimited;
                journal = std::make_unique<Journal>(flash);
                REQUIRE(journal->open());
            }
            Values now = valuesOf(*journal);
            Values written = known;
            written.erase(tag);
            if (!value.empty()) {
                written[tag] = value;
            }
            CHECK((now == written || (!done && now == known)));
            known = now;
        }
    }
}

TEST_CASE("chance: a journal on a flash that holds anything opens, invents nothing, and goes on working") {
    for (unsigned seed = 1; seed <= rounds(); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        RamFlash flash;
        Values known;
        if (seed % 2 == 0) {
            for (uint8_t& cell : flash.cells) {
                cell = static_cast<uint8_t>(random());
            }
        } else {
            Journal journal(flash);
            REQUIRE(journal.open());
            for (size_t turn = 0; turn < 40; ++turn) {
                REQUIRE(journal.put({static_cast<uint8_t>(1 + random() % 9), 0},
                                    view("value " + std::to_string(turn))));
            }
            for (size_t flips = 1 + upTo(random, 30); flips > 0; --flips) {
                flash.cells[random() % flash.cells.size()] ^= static_cast<uint8_t>(1U << (random() % 8));
            }
        }
        Journal journal(flash);
        REQUIRE(journal.open());
        for (const auto& [tag, value] : valuesOf(journal)) {
            CHECK(value.rfind("value ", 0) == 0);
        }
        REQUIRE(journal.put({1, 0}, view(std::string("after it"))));
        Journal again(flash);
        REQUIRE(again.open());
        CHECK(valuesOf(again).at(1) == "after it");
    }
}
