// Another network that the gateway orders: tried, proven by a login, and given up by itself.
#include <doctest/doctest.h>

#include "configure.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

/// A board that is ready in the network `old`.
World inOld() {
    World world;
    Settings settings(world.flash);
    settings.load();
    settings.setWifi("old"_t, "old password"_t);
    world.boot();
    world.connect();
    return world;
}

void order(World& world, unsigned seq, const std::string& ssid, const std::string& password,
           uint64_t deadline = 1000000) {
    const std::string payload = world.session + " " + std::to_string(seq) + " " + std::to_string(deadline) +
                                " " + std::to_string(ssid.size()) + " " + ssid + password;
    world.receive(publish(std::string(kBase) + "$network", payload, 1, world.nextId++));
}

std::string network(const World& world) {
    return str(world.board->settings().ssid()) + "/" + str(world.board->settings().password());
}

/// It takes the order, leaves, and is on its way into the new network.
void leaves(World& world, unsigned seq) {
    order(world, seq, "new", "new password");
    CHECK(contains(words(world.settle()), done(world, seq, "system/network true")));
    world.advance(Board::kLeaveMs);
    CHECK(network(world) == "new/new password");
}

/// What it says of the order at its next login.
std::vector<std::string> tried(World& world) {
    std::vector<std::string> out;
    for (const std::string& word : words(world.connect())) {
        if (word.rfind("$tried ", 0) == 0) {
            out.push_back(word);
        }
    }
    return out;
}

std::string saysOf(const std::string& session, unsigned seq, uint64_t uptime, const std::string& outcome) {
    return "$tried " + session + " " + std::to_string(seq) + " " + std::to_string(uptime) + " " + outcome;
}

void fail(World& world, WifiFailure reason) {
    for (int attempt = 0; attempt < Board::kJoinAttempts; ++attempt) {
        world.post(Event::wifiFailed(reason, world.now));
    }
}

}  // namespace

TEST_CASE("network: a login by the new network proves it, and nothing less") {
    World world = inOld();
    world.command(1, "relay-1/on", "true");
    world.settle();
    const std::string session = world.session;
    leaves(world, 2);
    world.post(Event::Kind::WifiUp);
    CHECK(world.board->settings().ordered());
    world.post(Event::Kind::Connected);
    const std::vector<std::string> said = [&] {
        world.take();
        world.receive(connack());
        return words(world.settle());
    }();
    CHECK(contains(said, saysOf(session, 2, world.now, "changed")));
    CHECK(world.board->settings().trial() == Settings::Trial::None);
    CHECK(network(world) == "new/new password");
    CHECK(world.pins.level[0]);
    // It is told at each login until there is another order, also after a power cut.
    world.boot();
    CHECK(network(world) == "new/new password");
    CHECK(tried(world) == std::vector<std::string>{saysOf(session, 2, world.now, "changed")});
}

TEST_CASE("network: what does not work is given up, the old one is back, and why is told") {
    const std::vector<std::pair<WifiFailure, std::string>> reasons = {
        {WifiFailure::NoNetwork, "no-network"},
        {WifiFailure::WrongPassword, "wrong-password"},
        {WifiFailure::NoAddress, "no-address"}};
    for (const auto& [reason, word] : reasons) {
        CAPTURE(word);
        World world = inOld();
        world.command(1, "relay-1/on", "true");
        world.settle();
        const std::string session = world.session;
        leaves(world, 2);
        fail(world, reason);
        CHECK(network(world) == "old/old password");
        CHECK(tried(world) == std::vector<std::string>{saysOf(session, 2, world.now, word)});
        CHECK(world.pins.level[0]);
        world.boot();
        CHECK(network(world) == "old/old password");
        CHECK(tried(world) == std::vector<std::string>{saysOf(session, 2, world.now, word)});
    }
}

TEST_CASE("network: a network without the gateway is given up in time") {
    World world = inOld();
    const std::string session = world.session;
    leaves(world, 1);
    world.post(Event::Kind::WifiUp);
    world.advance(Board::kTrialMs);
    CHECK(network(world) == "old/old password");
    CHECK(tried(world) == std::vector<std::string>{saysOf(session, 1, world.now, "unreachable")});
    // One whose gateway refuses the credential is given up at once.
    const std::string second = world.session;
    leaves(world, 1);
    world.post(Event::Kind::WifiUp);
    world.post(Event::Kind::Connected);
    world.receive(connack(4));
    CHECK(network(world) == "old/old password");
    CHECK(tried(world) == std::vector<std::string>{saysOf(second, 1, world.now, "refused")});
}

TEST_CASE("network: wherever power goes it is the old or the new one, and never neither") {
    const std::vector<void (*)(World&)> steps = {
        [](World& world) { order(world, 1, "new", "new password"); },
        [](World& world) { world.advance(Board::kLeaveMs); },
        [](World& world) { world.post(Event::Kind::WifiUp); },
        [](World& world) {
            world.post(Event::Kind::Connected);
            world.receive(connack());
        },
    };
    for (size_t cut = 0; cut < steps.size(); ++cut) {
        for (size_t budget = 0;; ++budget) {
            World world = inOld();
            world.settle();
            for (size_t at = 0; at < cut; ++at) {
                steps[at](world);
                world.settle();
            }
            const size_t whole = world.flash.budget;
            world.flash.budget = budget;
            steps[cut](world);
            const bool enough = world.flash.budget > 0;
            world.flash.budget = whole;
            world.boot();
            const std::string first = network(world);
            CHECK((first == "old/old password" || first == "new/new password"));
            world.advance(Board::kTrialMs);
            const std::string last = network(world);
            CHECK((last == "old/old password" || (first == "new/new password" && last == first)));
            CHECK(world.board->settings().trial() == Settings::Trial::None);
            CHECK(tried(world).size() <= 1);
            if (enough) {
                break;
            }
        }
    }
}

TEST_CASE("network: what is stale, retained, malformed or no network is not tried") {
    World world = inOld();
    world.now = 3000;
    const size_t used = world.flash.used;
    order(world, 1, "new", "new password", 3000);
    CHECK(contains(words(world.settle()), refused(world, 1, "system/network stale")));
    const std::string topic = std::string(kBase) + "$network";
    const std::string start = world.session + " 2 99999 ";
    world.receive(publish(topic, start + "3 newnew password", 1, 5, true));
    CHECK(world.board->drops().retainedCommands == 1);
    unsigned id = 6;
    for (const std::string& rest :
         std::vector<std::string>{"", "3", "3 ", "3 ne", "0 x", "33 " + std::string(40, 'x'), "03 newabc"}) {
        world.receive(publish(topic, start + rest, 1, id++));
    }
    CHECK(world.board->drops().malformedCommands == 7);
    order(world, 3, "new", std::string(65, 'x'));
    CHECK(contains(words(world.settle()), refused(world, 3, "system/network bad-value")));
    CHECK(world.flash.used == used);
    const size_t before = world.flash.budget;
    world.flash.budget = 0;
    order(world, 4, "new", "new password");
    CHECK(contains(words(world.settle()), refused(world, 4, "system/network not-stored")));
    world.flash.budget = before;
    world.advance(2 * Board::kLeaveMs);
    CHECK(world.board->ready());
    // Names and passwords may hold anything.
    order(world, 5, "a b \xc3\xa9", " 8 chars");
    world.settle();
    world.advance(Board::kLeaveMs);
    CHECK(network(world) == "a b \xc3\xa9/ 8 chars");
}

TEST_CASE("network: one that came by the serial port takes the place of one that was ordered") {
    World world = inOld();
    leaves(world, 1);
    CHECK(world.board->settings().tryNetwork("third"_t, "third password"_t));
    CHECK_FALSE(world.board->settings().ordered());
    world.board->settings().adopt();
    world.boot();
    CHECK(network(world) == "third/third password");
    CHECK(tried(world).empty());
    // And forgetting the home forgets the order.
    world.settle();
    leaves(world, 1);
    fail(world, WifiFailure::NoNetwork);
    CHECK(tried(world).size() == 1);
    CHECK(world.board->settings().forget());
    CHECK(world.board->settings().networkOrder().id.session == 0);
}
