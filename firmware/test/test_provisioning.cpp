// A board is given its home by its serial port.
#include "bench.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

TEST_CASE("provisioning: a bare board says what it is") {
    SerialWorld world = SerialWorld::bare();
    CHECK_FALSE(world.asked(Effect::Kind::Join));
    CHECK(world.serial(noise() + rpc(2)) == Frames{"state 2"});
    CHECK(world.serial(rpc(3)) == Frames{"result 3|Gatehouse|9.8.7|ESP8266|relay-a1b2c3"});
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|idle"});
    CHECK(world.serial(rpc(0xb2)) ==
          Frames{"result 178|1|relay-a1b2c3|5c:cf:7f:a1:b2:c3|a1b2c3|test-model|2|"});
    CHECK(world.serial(rpc(5) + rpc(0xc0, "x") + rpc(0)) == Frames{"error 2", "error 2", "error 2"});
    CHECK(world.serial("IMPROV\x01\x03\x02\x02\x07\xec\n") ==
          Frames{"error 1"});  // a length that does not fit
    CHECK(world.serial("IMPROV\x01\x03\x01\x02\xe4\n") == Frames{"error 1"});
    CHECK(world.serial("IMPROV\x01\x03\x02\x02\x01\xe5\n") == Frames{"error 1"});  // checksum
    CHECK(world.serial("IMPROV\x01\x01\x01\x02\xe2\n").empty());                   // a board's own
}

TEST_CASE("provisioning: every answer is asked for in pieces of one byte") {
    SerialWorld world = SerialWorld::bare();
    Frames answers;
    const std::string asked = noise() + rpc(2) + noise() + rpc(3) + rpc(0xb2) + rpc(0xb1);
    for (const char byte : asked) {
        for (const std::string& frame : world.serial(std::string(1, byte))) {
            answers.push_back(frame);
        }
    }
    CHECK(answers == world.serial(asked));
    CHECK(answers.size() == 4);
}

TEST_CASE("provisioning: from nothing to the first login, step by step") {
    SerialWorld world = SerialWorld::bare();
    tryNew(world);
    CHECK(world.progress() == "joining");
    CHECK(world.serial(rpc(2)) == Frames{"state 3"});
    world.post(Event::Kind::WifiUp);
    CHECK(world.asked(Effect::Kind::Dial));
    CHECK(str(world.board->dialHost()) == "192.168.1.20");
    CHECK(world.answers() == Frames{kUp, kEmpty1});
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|dialing|"});
    world.post(Event::Kind::Securing);
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|securing"});
    world.post(Event::Kind::Connected);
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|logging-in"});
    CHECK(world.take().at(0).body.find("new secret") != std::string::npos);
    CHECK(world.board->settings().trial() == Settings::Trial::Handover);
    world.receive(connack());
    CHECK(world.logged(Notice::Adopted));
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|online"});
    CHECK(world.serial(rpc(2)) == Frames{kUp, "result 2"});
    CHECK(world.serial(rpc(0xb2)).at(0).find("|relay-9|") != std::string::npos);
    CHECK(world.serial(rpc(0xb2)).at(0).find("|wxyz7890") != std::string::npos);
    world.boot();
    CHECK(world.asked(Effect::Kind::Join));
    CHECK(world.network() == "new/new password");
    CHECK(world.home() == kNewHome);
    CHECK(world.board->settings().trial() == Settings::Trial::None);
}

TEST_CASE("provisioning: a claimed board says who it is, and gets another home without a relay moving") {
    SerialWorld world = SerialWorld::claimed();
    CHECK(world.asked(Effect::Kind::Join));
    CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|joining|"});
    world.connect();
    CHECK(world.serial(rpc(0xb2)) ==
          Frames{"result 178|1|relay-a1b2c3|5c:cf:7f:a1:b2:c3|a1b2c3|test-model|2|0123abcd"});
    const unsigned writes = world.pins.writes;
    world.take();
    tryNew(world);
    CHECK(world.asked(Effect::Kind::Close));
    // It says goodbye to the old gateway.
    CHECK(words(world.take()) == std::vector<std::string>{"$state disconnected", "packet 14"});
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.receive(connack());
    CHECK(world.home() == kNewHome);
    CHECK(world.pins.writes == writes);
    CHECK(world.relayOn());
    world.press(0);  // and the wall button works
    CHECK_FALSE(world.relayOn());
}

TEST_CASE("provisioning: a network alone is kept when it gives an address, and the home stays") {
    SerialWorld world = SerialWorld::claimed();
    world.connect();
    CHECK(world.serial(networkRpc("new", "new password")) == Frames{"state 3"});
    CHECK(world.home() == kOldHome);
    world.post(Event::Kind::WifiUp);
    CHECK(world.logged(Notice::Adopted));
    CHECK(world.answers() == Frames{kUp, kEmpty1});
    world.boot();
    CHECK(world.network() == "new/new password");
    CHECK(world.home() == kOldHome);
    SerialWorld bare = SerialWorld::bare();
    CHECK(bare.serial(networkRpc("open", "")) == Frames{"state 3"});
    bare.post(Event::Kind::WifiUp);
    CHECK(bare.serial(rpc(0xb1)) == Frames{kUp, kEmpty1, "result 177|joined"});
}

TEST_CASE("provisioning: chunks are numbered, counted and asked for; bad ones change nothing") {
    SerialWorld world = SerialWorld::claimed();
    const std::vector<std::string> chunks = chunkRpcs(kNewDocument, 20);
    CHECK(world.serial(chunks[1]) == Frames{"error 1"});
    CHECK(world.serial(chunks[0]) == Frames{"result 176|1"});
    CHECK(world.serial(chunks[0]) == Frames{"result 176|1"});
    CHECK(world.serial(chunks[1] + chunks[1]) == Frames{"result 176|2", "result 176|2"});
    CHECK(world.serial(chunks[3]) == Frames{"error 1"});
    std::string broken = chunks[2];
    broken[20] ^= 1;
    CHECK(world.serial(broken) == Frames{"error 1"});
    CHECK(world.serial(rpc(0xb0, std::string("\x02\x02x", 3))) == Frames{"error 1"});
    CHECK(world.serial(rpc(0xb0, std::string("\x02\x00", 2))) == Frames{"error 1"});
    CHECK(world.serial(rpc(0xb0, "\x02" + std::string(1, '\0') + std::string(129, 'x'))) ==
          Frames{"error 1"});
    for (size_t at = 2; at + 1 < chunks.size(); ++at) {
        CHECK(world.serial(chunks[at]) == Frames{"result 176|" + std::to_string(at + 1)});
    }
    CHECK(world.serial(chunks.back()) == Frames{"result 176|stored"});
    CHECK(world.serial(chunks.back()) == Frames{"result 176|stored"});
    for (const std::vector<std::string>& row : rows("handover_invalid.tsv")) {
        CAPTURE(row[0]);
        const std::string bytes = unhex(row[1]);
        Frames last = {"error 1"};
        for (const std::string& one : chunkRpcs(bytes)) {
            last = world.serial(one);
        }
        CHECK(last == Frames{"error 1"});
    }
    CHECK(world.home() == kOldHome);
}

TEST_CASE("provisioning: what is written while nobody answers, and flash that takes nothing") {
    SerialWorld world = SerialWorld::claimed();
    world.connect();
    for (const std::string& one : chunkRpcs(kNewDocument)) {
        world.flash.budget = 0;
        const Frames answer = world.serial(one);
        CHECK((answer == Frames{"error 129"} || answer[0].rfind("result 176|", 0) == 0));
        world.flash.budget = RamFlash::kUnlimited;
    }
    CHECK_FALSE(world.board->settings().handedOver());
    CHECK(world.home() == kOldHome);
    world.handOver(kNewDocument);
    world.flash.budget = 0;
    CHECK(world.serial(networkRpc("new", "new password")) == Frames{"error 129"});
    CHECK(world.logged(Notice::SettingsFailed));
    world.flash.budget = RamFlash::kUnlimited;
    CHECK(world.home() == kOldHome);
    CHECK(world.board->ready());
    world.boot();
    CHECK(world.home() == kOldHome);
}

TEST_CASE("provisioning: networks that a scan finds, and one that never ends") {
    SerialWorld world = SerialWorld::bare();
    CHECK(world.serial(rpc(4)).empty());
    CHECK(world.asked(Effect::Kind::Scan));
    CHECK(world.serial(rpc(4)).empty());
    CHECK_FALSE(world.asked(Effect::Kind::Scan));
    world.post(Event::scanResult("home"_t, -60, true, world.now));
    world.post(Event::scanResult("caf\xc3\xa9"_t, -88, false, world.now));
    world.post(Event::scanResult(""_t, -50, false, world.now));
    world.post(Event::Kind::ScanDone);
    CHECK(world.answers() == Frames{"result 4|home|-60|YES", "result 4|caf\xc3\xa9|-88|NO", "result 4"});
    // More than there is room for: the list ends nevertheless.
    world.serial(rpc(4));
    for (int at = 0; at < 100; ++at) {
        world.post(Event::scanResult(view(std::string(32, 'n')), -70, true, world.now));
    }
    world.post(Event::Kind::ScanDone);
    const Frames many = world.answers();
    CHECK(many.size() > 10);
    CHECK(many.back() == "result 4");
    world.serial(rpc(4));
    world.advance(Board::kScanMs);
    CHECK(world.answers() == Frames{"result 4"});
    world.post(Event::scanResult("late"_t, -60, true, world.now));
    world.post(Event::Kind::ScanDone);
    CHECK(world.answers().empty());
}

TEST_CASE("provisioning: a frame that breaks off is forgotten when the line was silent") {
    SerialWorld world = SerialWorld::bare();
    const std::string long1 = chunkRpc(0, false, std::string(128, 'x'));
    for (size_t at = 1; at < long1.size() - 1; ++at) {
        world.serial(long1.substr(0, at));
        world.now += SerialLine::kSilenceMs;
        CHECK(world.serial(rpc(2)) == Frames{"state 2"});
    }
}

TEST_CASE("provisioning: answers nobody takes are not mixed up, and come again when asked for") {
    SerialWorld world = SerialWorld::bare();
    for (int turn = 0; turn < 100; ++turn) {
        world.post(Event::serialReceived(view(rpc(3)), world.now));
    }
    CHECK_FALSE(world.board->acceptsSerial());
    const Frames answers = world.answers();
    CHECK(answers.size() > 10);
    for (const std::string& answer : answers) {
        CHECK(answer == "result 3|Gatehouse|9.8.7|ESP8266|relay-a1b2c3");
    }
    CHECK(world.serial(rpc(2)) == Frames{"state 2"});
    // Taken one byte at a time.
    std::string all;
    world.post(Event::serialReceived(view(rpc(3) + rpc(2)), world.now));
    while (!world.board->serialPending().empty()) {
        all += str(world.board->serialPending().first(1));
        world.board->serialSent(1);
    }
    CHECK(framesOf(all).size() == 2);
}

TEST_CASE("provisioning: a stored network is joined, and tried again for ever") {
    SerialWorld world = SerialWorld::claimed();
    for (int turn = 0; turn < 50; ++turn) {
        world.wifiFails(turn % 2 == 0 ? WifiFailure::NoNetwork : WifiFailure::WrongPassword);
        CHECK(world.logged(Notice::JoinFailed));
        world.advance(Board::kRejoinMs);
        CHECK(world.asked(Effect::Kind::Join));
    }
    world.advance(Board::kJoinMs);  // nothing came of it
    CHECK(world.asked(Effect::Kind::Join));
    world.connect();
    CHECK(world.progress() == "online");
    world.post(Event::Kind::WifiDown);
    CHECK_FALSE(world.asked(Effect::Kind::Join));
    CHECK(world.progress() == "joining");
    world.advance(Board::kJoinMs);
    CHECK(world.asked(Effect::Kind::Join));
    CHECK(world.answers().empty());
    CHECK(world.network() == "old/old password");
}
