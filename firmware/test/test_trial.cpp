// What came by the serial port is tried, and what was there before comes back when it does not work.
#include "bench.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

/// The last event struck the candidate out, and what was there before is tried again.
void checkStruckOut(const SerialWorld& world) {
    CHECK(world.logged(Notice::StruckOut));
    CHECK(world.asked(Effect::Kind::Join));
    CHECK(world.asked(Effect::Kind::Trust));
}

/// What was there before is what counts, and is all a restart finds.
void checkOld(SerialWorld& world) {
    CHECK(world.network() == "old/old password");
    CHECK(world.home() == kOldHome);
    // Why it was struck out is told for as long as nothing else is asked for.
    const std::string reason = world.progress();
    world.connect();
    CHECK(world.board->ready());
    CHECK(world.progress() == reason);
    world.boot();
    CHECK(world.network() == "old/old password");
    CHECK(world.home() == kOldHome);
    CHECK(world.board->settings().trial() == Settings::Trial::None);
    CHECK(world.relayOn());
}

}  // namespace

TEST_CASE(
    "provisioning: a network that cannot be joined is struck out with the handover, and the reason told") {
    const std::vector<std::pair<WifiFailure, std::string>> reasons = {
        {WifiFailure::NoNetwork, "no-network"},
        {WifiFailure::WrongPassword, "wrong-password"},
        {WifiFailure::NoAddress, "no-address"}};
    for (const auto& [reason, word] : reasons) {
        CAPTURE(word);
        SerialWorld world = SerialWorld::claimed();
        world.connect();
        tryNew(world);
        for (int attempt = 1; attempt < Board::kJoinAttempts; ++attempt) {
            world.wifiFails(reason);
            CHECK(world.asked(Effect::Kind::Join));
            CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|" + word});
            CHECK(world.home() == kNewHome);
        }
        world.wifiFails(reason);
        checkStruckOut(world);
        CHECK(world.answers() == Frames{"error 3", "state 2"});
        CHECK(world.serial(rpc(0xb1)) == Frames{"result 177|" + word});
        world.wifiFails(reason);  // that was the old network, which is not what was asked for
        world.advance(Board::kRejoinMs);
        checkOld(world);
    }
}

TEST_CASE("provisioning: a network that says nothing for 30 s is struck out") {
    SerialWorld world = SerialWorld::claimed();
    tryNew(world);
    world.advance(Board::kJoinMs - 1);
    CHECK(world.home() == kNewHome);
    world.advance(1);
    checkStruckOut(world);
    CHECK(world.answers() == Frames{"error 3", "state 2"});
    CHECK(world.progress() == "no-address");
    checkOld(world);
}

TEST_CASE("provisioning: a gateway that refuses the credential strikes it out at once") {
    for (const int code : {4, 5}) {
        SerialWorld world = SerialWorld::claimed();
        tryNew(world);
        world.post(Event::Kind::WifiUp);
        world.post(Event::Kind::Connected);
        world.receive(connack(code));
        checkStruckOut(world);
        CHECK(world.asked(Effect::Kind::Close));
        CHECK(world.progress() == "refused");
        CHECK(world.serial(rpc(2)) == Frames{kUp, kEmpty1, "state 2"});
        checkOld(world);
    }
    // Any other answer is tried again.
    SerialWorld world = SerialWorld::claimed();
    tryNew(world);
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.receive(connack(3));
    CHECK(world.progress() == "refused");
    CHECK(world.home() == kNewHome);
}

TEST_CASE("provisioning: without a login within 120 s it is struck out, whatever the reason") {
    for (const std::string reason : {"unreachable", "untrusted", "refused", "no-network"}) {
        CAPTURE(reason);
        SerialWorld world = SerialWorld::claimed();
        tryNew(world);
        world.advance(1000);
        world.post(Event::Kind::WifiUp);
        bool out = false;
        while (!out) {
            if (world.asked(Effect::Kind::Dial)) {
                if (reason == "untrusted") {
                    world.post(Event::Kind::Securing);
                }
                if (reason == "refused") {
                    world.post(Event::Kind::Connected);
                    world.receive(connack(3));
                } else if (reason == "no-network") {
                    world.post(Event::Kind::WifiDown);
                    world.wifiFails(WifiFailure::NoNetwork);
                } else {
                    world.post(Event::Kind::Disconnected);
                }
            } else if (reason == "no-network" && world.asked(Effect::Kind::Join)) {
                world.wifiFails(WifiFailure::NoNetwork);
            }
            CHECK(world.progress() == reason);
            CHECK_FALSE(world.asked(Effect::Kind::Browse));
            REQUIRE(world.board->nextDeadlineMs() > world.now);
            world.now = world.board->nextDeadlineMs();
            world.post(Event::Kind::Tick);
            out = world.logged(Notice::StruckOut);
        }
        checkStruckOut(world);
        CHECK(world.now == Board::kTrialMs);
        CHECK(world.progress() == reason);
        CHECK(world.answers() == Frames{kUp, kEmpty1});
        checkOld(world);
    }
}

TEST_CASE("provisioning: power may go while it is tried, and the trial goes on for another 120 s") {
    SerialWorld world = SerialWorld::claimed();
    tryNew(world);
    world.advance(20000);
    world.boot();
    CHECK(world.logged(Notice::Trying));
    CHECK(world.home() == kNewHome);
    CHECK(world.network() == "new/new password");
    SUBCASE("it works") {
        world.connect();
        CHECK(world.board->settings().trial() == Settings::Trial::None);
        world.boot();
        CHECK(world.home() == kNewHome);
    }
    SUBCASE("it does not") {
        // A network that is not there yet is waited for: power came back to the whole house.
        for (int attempt = 0; attempt < 10; ++attempt) {
            world.wifiFails(WifiFailure::NoNetwork);
            world.advance(Board::kRejoinMs);
            CHECK(world.asked(Effect::Kind::Join));
        }
        CHECK(world.answers().empty());
        world.advance(Board::kTrialMs - world.now - 1);
        CHECK(world.home() == kNewHome);
        world.advance(1);
        checkStruckOut(world);
        CHECK(world.progress() == "no-network");
        checkOld(world);
    }
    SUBCASE("the network settings come again") {
        CHECK(world.serial(networkRpc("new", "new password")) == Frames{"state 3"});
        CHECK_FALSE(world.asked(Effect::Kind::Join));
        world.post(Event::Kind::WifiUp);
        CHECK(world.answers() == Frames{kUp, kEmpty1});
        CHECK(world.home() == kNewHome);
    }
}

TEST_CASE("provisioning: a handover without network settings is struck out by the boot") {
    SerialWorld world = SerialWorld::claimed();
    world.handOver(kNewDocument);
    CHECK(world.home() == kOldHome);
    world.boot();
    CHECK_FALSE(world.board->settings().handedOver());
    CHECK(world.serial(networkRpc("new", "new password")) == Frames{"state 3"});
    world.post(Event::Kind::WifiUp);
    CHECK(world.home() == kOldHome);
}

TEST_CASE("provisioning: network settings again") {
    SerialWorld world = SerialWorld::claimed();
    SUBCASE("the same while they are tried: nothing begins anew") {
        tryNew(world);
        world.advance(20000);
        CHECK(world.serial(networkRpc("new", "new password")) == Frames{"state 3"});
        CHECK_FALSE(world.asked(Effect::Kind::Join));
        world.advance(Board::kJoinMs - 20000);
        CHECK(world.answers() == Frames{"error 3", "state 2"});
    }
    SUBCASE("the same after they were joined") {
        tryNew(world);
        world.post(Event::Kind::WifiUp);
        world.answers();
        CHECK(world.serial(networkRpc("new", "new password")) == Frames{kUp, kEmpty1});
        CHECK_FALSE(world.asked(Effect::Kind::Join));
        world.post(Event::Kind::Connected);
        world.receive(connack());
        CHECK(world.home() == kNewHome);
        CHECK(world.serial(networkRpc("new", "new password")) == Frames{kUp, kEmpty1});
        CHECK(world.progress() == "online");
    }
    SUBCASE("others while they are tried: the handover stays part of it") {
        tryNew(world);
        world.wifiFails(WifiFailure::WrongPassword);
        CHECK(world.serial(networkRpc("new", "better password")) == Frames{"state 3"});
        CHECK(world.progress() == "joining");
        CHECK(world.network() == "new/better password");
        world.boot();
        CHECK(world.home() == kNewHome);
        CHECK(world.network() == "new/better password");
    }
    SUBCASE("after a failure: the reason is told no more") {
        tryNew(world);
        for (int attempt = 0; attempt < Board::kJoinAttempts; ++attempt) {
            world.wifiFails(WifiFailure::WrongPassword);
        }
        CHECK(world.progress() == "wrong-password");
        world.answers();
        tryNew(world);
        CHECK(world.progress() == "joining");
        world.connect();
        CHECK(world.home() == kNewHome);
    }
    SUBCASE("the stored ones, with a new handover") {
        world.connect();
        world.handOver(kNewDocument);
        CHECK(world.serial(networkRpc("old", "old password")) == Frames{"state 3"});
        world.connect();
        CHECK(world.home() == kNewHome);
        CHECK(world.network() == "old/old password");
    }
    SUBCASE("what is no network") {
        const std::string joined = lengthed("a") + lengthed("b");
        for (const std::string& rest :
             {std::string(), lengthed(""), lengthed("") + lengthed("x"), lengthed("a"), joined + "x",
              lengthed(std::string(33, 'a')) + lengthed(""), lengthed("a") + lengthed(std::string(65, 'p')),
              "\x05" + joined}) {
            CHECK(world.serial(rpc(1, rest)) == Frames{"error 1"});
        }
        CHECK_FALSE(world.asked(Effect::Kind::Join));
        const std::string longest = lengthed(std::string(32, 'a')) + lengthed(std::string(64, 'p'));
        CHECK(world.serial(rpc(1, longest)) == Frames{"state 3"});
    }
}

TEST_CASE("provisioning: a new handover ends the trial of the one before") {
    SerialWorld world = SerialWorld::claimed();
    tryNew(world);
    world.post(Event::Kind::WifiUp);
    world.handOver(document("relay-8", "third secret", "10.0.0.1", 1883, ""));
    CHECK(world.home() == kOldHome);
    world.answers();
    CHECK(world.serial(networkRpc("third", "")) == Frames{"state 3"});
    CHECK(world.home() == "relay-8:third secret@10.0.0.1:1883/-");
    world.connect();
    world.boot();
    CHECK(world.home() == "relay-8:third secret@10.0.0.1:1883/-");
}

TEST_CASE("provisioning: a board that had no network leaves the one that was tried") {
    SerialWorld world;
    world.boot();
    world.post(Event::Kind::WifiUp);
    tryNew(world);
    for (int attempt = 0; attempt < Board::kJoinAttempts; ++attempt) {
        world.wifiFails(WifiFailure::NoNetwork);
    }
    CHECK(world.asked(Effect::Kind::Leave));
    CHECK_FALSE(world.asked(Effect::Kind::Join));
    world.post(Event::Kind::WifiUp);
    CHECK(world.asked(Effect::Kind::Dial));
    CHECK(str(world.board->dialHost()) == "gateway.local");
}
