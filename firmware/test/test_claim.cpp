// A board without a home is claimed over the network.
#include "bench.hpp"
#include "claiming.hpp"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const std::string kSecret(kClaimKeySize, '\x42');

bool over(const ClaimWorld& world) {
    return world.asked(Effect::Kind::ClaimClose) && world.logged(Notice::WindowClosed) &&
           world.board->advert() == Advert::Closed && world.board->claimNumber() == 0;
}

}  // namespace

TEST_CASE("claim: keys, number and boxes are those of the golden exchange") {
    BearSealing sealing;
    for (const std::string side : {"gateway", "board"}) {
        ClaimKey secret;
        ClaimKey key;
        copyKey(goldenBytes(side + "_secret"), secret);
        sealing.publicKey(secret, key);
        CHECK(std::string(key, sizeof key) == goldenBytes(side + "_key"));
        const std::string theirs = goldenBytes(side == "board" ? "gateway_key" : "board_key");
        const std::string transcript = goldenBytes("transcript");
        ClaimKeys keys;
        CHECK(sealing.agree(secret, view(theirs), view(transcript), "relay-a1b2c3"_t, keys));
        CHECK(std::string(keys.gateway, sizeof keys.gateway) == goldenBytes("key_of_gateway"));
        CHECK(std::string(keys.board, sizeof keys.board) == goldenBytes("key_of_board"));
        CHECK(std::to_string(keys.number) == golden("number"));
        const std::string small = goldenBytes("key_of_small_order");
        CHECK_FALSE(sealing.agree(secret, view(small), view(transcript), "relay-a1b2c3"_t, keys));
        CHECK_FALSE(sealing.agree(secret, view(theirs).first(31), view(transcript), "relay-a1b2c3"_t, keys));
    }
    CHECK_FALSE(sealing.open({}, ""_t, nullptr, kClaimTagSize - 1));
}

TEST_CASE("claim: the golden exchange, byte by byte, to the first login") {
    for (const size_t piece : {size_t{1}, size_t{7}, ClaimWindow::kReceiveMax}) {
        ClaimWorld world;
        CHECK(world.board->advert() == Advert::Closed);
        CHECK(world.asked(Effect::Kind::Advertise));
        world.pressFlash();
        CHECK(world.logged(Notice::WindowOpen));
        CHECK(world.asked(Effect::Kind::Advertise));
        CHECK(world.board->advert() == Advert::Open);
        CHECK(world.board->light(world.now) == LightMeaning::Claim);
        // The golden board says another model and version than the one of these tests.
        world.drawGolden();
        world.post(Event::Kind::ClaimConnected);
        const std::string said = world.claim(goldenBytes("opening"), piece);
        CHECK(said.substr(3, 32) == goldenBytes("board_key"));
        CHECK(said.substr(35) == lengthed("relay-a1b2c3") + lengthed("5c:cf:7f:a1:b2:c3") +
                                     lengthed("a1b2c3") + lengthed("test-model") + lengthed("9.8.7") +
                                     lengthed("2"));
        CHECK(world.board->advert() == Advert::Closed);
        Claimer claimer(goldenBytes("gateway_secret"));
        CHECK(claimer.meet(said.substr(3), "relay-a1b2c3"));
        CHECK(world.claim(goldenBytes("gateway_key_message"), piece).empty());
        CHECK(world.logged(Notice::Blinking));
        CHECK(world.board->claimNumber() == claimer.keys.number);
        CHECK(world.board->light(world.now) == LightMeaning::Number);
        // Nothing is stored before the number is confirmed.
        CHECK(world.keepsNothing());
        world.advance(60000);
        std::string answer = world.claim(claimer.handover(kNewDocument), piece).substr(3);
        CHECK(claimer.sealing.open(claimer.keys.board, {claimer.transcript, sizeof claimer.transcript},
                                   answer.data(), answer.size()));
        CHECK(answer[0] == '\0');
        CHECK(world.asked(Effect::Kind::ClaimClose));
        CHECK(world.asked(Effect::Kind::Trust));
        CHECK(world.asked(Effect::Kind::Dial));
        CHECK(world.asked(Effect::Kind::Advertise));
        CHECK(world.board->advert() == Advert::None);
        CHECK(world.board->settings().trial() == Settings::Trial::Handover);
        CHECK(str(world.board->settings().ssid()) == "house");
        world.post(Event::Kind::Securing);
        world.post(Event::Kind::Connected);
        CHECK(world.take().at(0).body.find("new secret") != std::string::npos);
        world.receive(connack());
        CHECK(world.logged(Notice::Adopted));
        world.boot();
        CHECK(world.asked(Effect::Kind::Join));
        CHECK(str(world.board->settings().ssid()) == "house");
        CHECK(str(world.board->settings().id()) == "relay-9");
        CHECK(world.board->settings().trial() == Settings::Trial::None);
    }
}

TEST_CASE("claim: the messages of a golden board are the golden ones") {
    FakeChip chip;
    BearSealing sealing;
    ClaimWindow window(sealing, chip);
    ClaimWorld world;
    world.drawGolden();
    chip.next = world.chip.next;
    BoardInfo info;
    info.relayCount = 2;
    info.model = "nodemcuv2"_t;
    info.firmware = "0.1.0"_t;
    info.mac = "5c:cf:7f:a1:b2:c3"_t;
    info.chipId = "a1b2c3"_t;
    window.open(0);
    window.connected(0);
    const auto hears = [&](const std::string& name) {
        const std::string bytes = goldenBytes(name);
        Text rest = view(bytes);
        return window.receive(rest, info, "relay-a1b2c3"_t, 0);
    };
    CHECK(hears("opening") == ClaimWindow::Heard::Attempt);
    CHECK(str(window.pending()) == goldenBytes("board_key_message"));
    window.sent(window.pending().size);
    CHECK(hears("gateway_key_message") == ClaimWindow::Heard::Number);
    CHECK(std::to_string(window.number()) == golden("number"));
    CHECK(hears("sealed_handover") == ClaimWindow::Heard::Handover);
    CHECK(str(window.document()) == goldenBytes("document"));
    window.answer(ClaimWindow::Taken::Stored);
    CHECK(str(window.pending()) == goldenBytes("stored"));
    window.answer(ClaimWindow::Taken::NotValid);
    CHECK(str(window.pending()) == goldenBytes("not_valid"));
    window.answer(ClaimWindow::Taken::NotStored);
    window.close();
    CHECK(str(window.pending()) == goldenBytes("not_stored"));
}

TEST_CASE("claim: a board with a home, or without a network, neither says so nor takes anybody") {
    World home;
    home.boot();
    home.connect();
    CHECK(home.board->advert() == Advert::None);
    SerialWorld bare = SerialWorld::bare();
    CHECK(bare.board->advert() == Advert::None);
    for (World* const world : {&home, static_cast<World*>(&bare)}) {
        world->post(Event::flashLevel(true, world->now));
        world->advance(Debouncer::kStableMs);
        CHECK(world->logged(Notice::FlashInVain));
        world->post(Event::Kind::ClaimConnected);
        world->post(Event::claimReceived(view(goldenBytes("opening")), world->now));
        CHECK(world->board->claimPending().empty());
        CHECK_FALSE(world->everAsked(Effect::Kind::Advertise));
    }
}

TEST_CASE("claim: the window is over after two minutes, with its network, or with a home by the cable") {
    ClaimWorld world;
    world.pressFlash();
    world.advance(ClaimWindow::kOpenMs - 100);
    CHECK(world.board->advert() == Advert::Open);
    world.advance(100);
    CHECK(over(world));
    world.post(Event::Kind::ClaimConnected);
    CHECK(world.claim(goldenBytes("opening")).empty());

    world.pressFlash();
    Claimer claimer(kSecret);
    world.meet(claimer);
    world.advance(ClaimWindow::kOpenMs);
    CHECK(over(world));

    world.pressFlash();
    world.post(Event::Kind::WifiDown);
    CHECK(world.asked(Effect::Kind::ClaimClose));
    CHECK(world.asked(Effect::Kind::Advertise));
    CHECK(world.board->advert() == Advert::None);
    CHECK(world.board->nextDeadlineMs() > world.now + 1000);
}

TEST_CASE("claim: one attempt a window, and another press begins anew") {
    ClaimWorld world;
    world.pressFlash();
    Claimer first(kSecret);
    world.meet(first);
    world.post(Event::Kind::ClaimDisconnected);
    CHECK(over(world));
    world.post(Event::Kind::ClaimConnected);
    CHECK(world.claim(message(1, first.opening)).empty());
    world.pressFlash();
    const std::string key = world.meet(first).substr(3, 32);
    // A press while somebody else has the attempt takes it from them.
    world.pressFlash();
    CHECK(world.asked(Effect::Kind::ClaimClose));
    CHECK(world.board->advert() == Advert::Open);
    CHECK(world.board->claimNumber() == 0);
    CHECK(world.meet(first).substr(3, 32) != key);
    CHECK(world.keepsNothing());
}

TEST_CASE("claim: whoever says something else does not use the attempt up, whoever began it does") {
    ClaimWorld world;
    world.pressFlash();
    const std::string good = goldenBytes("opening");
    const std::string version = message(1, "\2" + good.substr(4));
    for (const std::string& bad :
         {std::string("GET / HTTP/1.0\r\n\r\n"), message(1, good.substr(3) + "x"), version,
          message(3, std::string(32, 'x')), message(4, std::string(100, 'x')), std::string(600, '\0'),
          std::string("\1\xff\xff")}) {
        world.post(Event::Kind::ClaimConnected);
        CHECK(world.claim(bad).empty());
        CHECK(world.asked(Effect::Kind::ClaimClose));
        CHECK(world.board->advert() == Advert::Open);
    }
    world.post(Event::Kind::ClaimConnected);
    world.claim(good.substr(0, 20));
    world.advance(ClaimWindow::kStepMs);
    CHECK(world.asked(Effect::Kind::ClaimClose));
    CHECK(world.board->advert() == Advert::Open);

    // After its first message any step aside, or too much time, ends it.
    const std::string bads[] = {good, message(3, std::string(33, 'x')), message(3, std::string(32, 'x')),
                                message(4, std::string(100, 'x')), ""};
    for (const std::string& bad : bads) {
        world.pressFlash();
        world.post(Event::Kind::ClaimConnected);
        CHECK_FALSE(world.claim(good).empty());
        bad.empty() ? world.advance(ClaimWindow::kStepMs) : (void)world.claim(bad);
        CHECK(over(world));
    }
    CHECK(world.keepsNothing());
}

TEST_CASE("claim: nobody in the middle chooses the number, nor reads or changes what is handed over") {
    unsigned same = 0;
    constexpr unsigned kTries = 64;
    for (unsigned seed = 0; seed < kTries; ++seed) {
        ClaimWorld world;
        world.chip.generator.seed(seed);
        world.pressFlash();
        // The board has the one in the middle for its gateway, the gateway has it for its board.
        Claimer middle(std::string(kClaimKeySize, static_cast<char>('a' + seed % 20)));
        Claimer gateway(std::string(kClaimKeySize, static_cast<char>('A' + seed % 20)));
        const std::string said = world.meet(middle);
        CHECK(gateway.meet(std::string(middle.key, sizeof middle.key) + said.substr(35), "relay-a1b2c3"));
        same += gateway.keys.number == world.board->claimNumber() ? 1U : 0U;
        // What the gateway sealed is nothing to the board, even where the number is the same.
        world.claim(gateway.handover(kNewDocument));
        CHECK(over(world));
        CHECK(world.keepsNothing());
    }
    // One in eight, by chance.
    CHECK(same > 0);
    CHECK(same < kTries / 3);

    // A key that was chosen after the board's was seen.
    ClaimWorld world;
    world.pressFlash();
    Claimer late(kSecret);
    world.post(Event::Kind::ClaimConnected);
    world.claim(goldenBytes("opening"));
    world.claim(message(3, std::string(late.key, sizeof late.key)));
    CHECK(over(world));
    CHECK_FALSE(world.everLogged(Notice::Blinking));
    // A key with which nothing would be secret.
    world.pressFlash();
    const std::string small = goldenBytes("key_of_small_order");
    const Text part = view(small);
    ClaimKey hash;
    world.sealing.hash(&part, 1, hash);
    world.post(Event::Kind::ClaimConnected);
    world.claim(message(1, "\1" + std::string(hash, sizeof hash)));
    world.claim(message(3, small));
    CHECK(over(world));
    CHECK_FALSE(world.everLogged(Notice::Blinking));
}

TEST_CASE("claim: a box that was changed, a document that is none, a flash that fails") {
    for (const size_t at : {size_t{3}, size_t{40}}) {
        ClaimWorld world;
        world.pressFlash();
        Claimer claimer(kSecret);
        world.meet(claimer);
        std::string box = claimer.handover(kNewDocument);
        box[at == 3 ? 3 : box.size() - 1] = static_cast<char>(box[at == 3 ? 3 : box.size() - 1] ^ 1);
        CHECK(world.claim(box).empty());
        CHECK(over(world));
        CHECK(world.keepsNothing());
    }
    for (const bool fails : {false, true}) {
        ClaimWorld world;
        world.pressFlash();
        Claimer claimer(kSecret);
        world.meet(claimer);
        const std::string box = claimer.handover(fails ? kNewDocument : "no document");
        world.flash.budget = fails ? 0 : RamFlash::kUnlimited;
        std::string answer = world.claim(box).substr(3);
        world.flash.budget = RamFlash::kUnlimited;
        CHECK(claimer.sealing.open(claimer.keys.board, {claimer.transcript, sizeof claimer.transcript},
                                   answer.data(), answer.size()));
        CHECK(answer[0] == (fails ? '\2' : '\1'));
        CHECK(over(world));
        CHECK(world.keepsNothing());
    }
}

TEST_CASE("claim: a home that does not take the board leaves nothing of it, and power may go in between") {
    for (const bool powerCut : {false, true}) {
        ClaimWorld world;
        world.pressFlash();
        Claimer claimer(kSecret);
        world.meet(claimer);
        world.claim(claimer.handover(kNewDocument));
        if (powerCut) {
            world.boot();
            CHECK(world.logged(Notice::Trying));
            CHECK(str(world.board->settings().ssid()) == "house");
            world.post(Event::Kind::WifiUp);
            CHECK(world.asked(Effect::Kind::Dial));
            world.advance(Board::kTrialMs);
            CHECK(world.everLogged(Notice::StruckOut));
        } else {
            world.post(Event::Kind::Connected);
            world.receive(connack(5));
            CHECK(world.logged(Notice::StruckOut));
        }
        CHECK(world.keepsNothing());
        world.post(Event::Kind::WifiUp);
        CHECK(world.board->advert() == Advert::Closed);
        CHECK(world.board->light(world.now) == LightMeaning::NoHome);
    }
}

TEST_CASE("claim: the light blinks the number, then rests") {
    for (uint8_t number = 1; number <= kClaimNumbers; ++number) {
        const uint64_t period = number * 500U + 1700U;
        unsigned flashes = 0;
        bool before = false;
        for (uint64_t at = 0; at < period; at += 10) {
            const bool on = lit(LightMeaning::Number, 7 * period + at, number);
            flashes += on && !before ? 1U : 0U;
            before = on;
        }
        CHECK(flashes == number);
    }
}
