// The firmware of a real board: the loop around the core, for the Arduino core of the ESP8266.
#include <Arduino.h>
#include <ESP8266WiFi.h>
#include <ESP8266mDNS.h>
#include <Schedule.h>

#include <new>

#include "bearssl_sealing.hpp"
#include "board.hpp"
#include "boot_guard.hpp"
#include "chip.hpp"
#include "gateway_link.hpp"
#include "light.hpp"
#include "nearby.hpp"
#include "relay_pins.hpp"
#include "sector_flash.hpp"
#include "wifi.hpp"

namespace gatehouse::esp8266 {
namespace {

#ifndef GATEHOUSE_MODEL
#define GATEHOUSE_MODEL "esp8266"
#endif
#ifndef GATEHOUSE_VERSION
#define GATEHOUSE_VERSION "0.1.0"
#endif

/// Buttons are looked at this often, also while a connection is being made.
constexpr uint32_t kButtonsEveryUs = 5000;

// Everything is static: the stack has 4 KB, and nothing of ours is on the heap but TLS.
RelayPins pins;
SectorFlash flash;
Esp chip;
RtcWord bootMemory;
BootGuard guard(bootMemory);
Wifi wifi;
GatewayLink gateway;
BearSealing sealing;
Nearby nearby;
Light light;
char mac[18];
char chipId[7];
alignas(Board) char room[sizeof(Board)];
Board* board = nullptr;
/// The core is at work, or what it said is being looked at: nothing may be handed to it in between.
bool busy = false;
/// A connection is being made, which blocks; and what came of a wall button meanwhile and has to wait for its
/// end.
bool dialing = false;
Effects waiting;
bool online = false;
bool browsable = false;
/// What the core asked for and the loop has yet to do, because it takes a while.
bool joinAsked = false;
bool dialAsked = false;
bool browseAsked = false;
bool advertiseAsked = false;
bool restartAsked = false;
/// The question for gateways that stands, and until when answers may come.
constexpr uint64_t kAnswersTakeMs = 2000;
MDNSResponder::hMDNSServiceQuery question = nullptr;
uint64_t questionEndsMs = 0;

uint64_t uptimeMs() {
    return micros64() / 1000;
}

void apply(const Effect& effect);

void post(const Event& event) {
    static Effects effects;
    effects.clear();
    busy = true;
    board->handle(event, effects);
    for (const Effect& effect : effects) {
        // While a connection is being made its client is in use; moves and words are all that can be dealt
        // with.
        if (dialing && effect.kind != Effect::Kind::Moved && effect.kind != Effect::Kind::Log) {
            waiting.add(effect);
        } else {
            apply(effect);
        }
    }
    busy = false;
}

void post(Event::Kind kind) {
    post(Event::of(kind, uptimeMs()));
}

void sendPending() {
    const bool before = busy;
    busy = true;
    while (online && !board->pending().empty()) {
        const size_t count = gateway.write(board->pending());
        if (count == 0) {
            break;
        }
        board->sent(count, uptimeMs());
    }
    busy = before;
}

/// Hands what the core says to whoever claims the board.
void sendClaim() {
    const Text pending = board->claimPending();
    if (!pending.empty()) {
        board->claimSent(nearby.write(pending));
    }
}

/// Hands up to `room` bytes of what the core says to the port.
void sendSerial(size_t room) {
    const Text pending = board->serialPending();
    const size_t size = pending.size < room ? pending.size : room;
    if (size > 0) {
        board->serialSent(Serial.write(reinterpret_cast<const uint8_t*>(pending.data), size));
    }
}

/// The log shares its port with provisioning: a whole line at a time, never within a frame, and never a
/// secret.
void logLine(const Effect& effect) {
    static const char* const kWords[] = {"no gateway and credential stored",
                                         "ready",
                                         "cannot connect to the gateway",
                                         "lost the gateway",
                                         "login refused",
                                         "new secret",
                                         "new secret refused",
                                         "subscriptions refused",
                                         "asking where the gateway is",
                                         "the gateway has moved",
                                         "the gateway does not answer",
                                         "the gateway sent nonsense",
                                         "a relay does not do what its pin was told",
                                         "the settings flash fails",
                                         "trying what came by this port",
                                         "it works, and is kept",
                                         "it does not work, and what was there before counts",
                                         "cannot join the network",
                                         "the light blinks for whoever looks for this board",
                                         "restarting, as the gateway asked",
                                         "the home is forgotten, as the gateway asked",
                                         "the FLASH button does nothing now",
                                         "the board can be claimed in the network",
                                         "the board cannot be claimed in the network any more",
                                         "the light blinks for whoever claims the board",
                                         "trying the home that came over the network"};
    static_assert(sizeof kWords / sizeof kWords[0] == static_cast<size_t>(Notice::HandedOver) + 1,
                  "a word for each notice");
    // At most a kilobyte: a tenth of a second.
    sendSerial(SerialLine::kCapacity);
    Serial.print("gatehouse: ");
    Serial.println(kWords[static_cast<size_t>(effect.notice)]);
}

void hangUp() {
    gateway.close();
    online = false;
}

void apply(const Effect& effect) {
    switch (effect.kind) {
        case Effect::Kind::Join:
        case Effect::Kind::Leave:
            hangUp();
            joinAsked = true;
            return;
        case Effect::Kind::Scan:
            wifi.scan();
            return;
        case Effect::Kind::Trust:
            gateway.trust(board->settings());
            return;
        case Effect::Kind::Dial:
            dialAsked = true;
            return;
        case Effect::Kind::Browse:
            browseAsked = true;
            return;
        case Effect::Kind::Advertise:
            advertiseAsked = true;
            return;
        case Effect::Kind::ClaimClose:
            sendClaim();
            nearby.hangUp();
            return;
        case Effect::Kind::Close:
            sendPending();
            hangUp();
            return;
        case Effect::Kind::Restart:
            restartAsked = true;
            return;
        case Effect::Kind::Moved:
            return;
        case Effect::Kind::Log:
            logLine(effect);
            return;
        case Effect::Kind::Stopped:
            return;
    }
}

void applyWaiting() {
    static Effects now;
    now = waiting;
    waiting.clear();
    for (const Effect& effect : now) {
        apply(effect);
    }
}

/// Called by the Arduino core at every yield, so also while a connection is being made: a wall button has to
/// work then.
bool serveButtons() {
    if (!busy) {
        for (uint8_t button = 0; button < kRelayCount; ++button) {
            post(Event::buttonLevel(button, digitalRead(kButtons[button]) == LOW, uptimeMs()));
        }
        post(Event::flashLevel(digitalRead(kFlashButton) == LOW, uptimeMs()));
        light.show(board->light(uptimeMs()), uptimeMs(), board->claimNumber());
    }
    return true;
}

void join() {
    joinAsked = false;
    if (board->settings().ssid().empty()) {
        wifi.leave();
    } else {
        wifi.join(board->settings().ssid(), board->settings().password());
    }
}

void dial() {
    dialAsked = false;
    // A copy: a wall button must not change it under the library's feet.
    FixedText<Settings::kHostMax> host;
    host.assign(board->dialHost());
    gateway.close();
    dialing = true;
    const bool stands = gateway.dial(host.text(), board->dialPort(), [] { post(Event::Kind::Securing); });
    dialing = false;
    online = stands;
    post(stands ? Event::Kind::Connected : Event::Kind::Disconnected);
    applyWaiting();
}

bool speaksMdns() {
    browsable = browsable || MDNS.begin(String("gatehouse-") + chipId);
    return browsable;
}

void advertise() {
    advertiseAsked = false;
    if (speaksMdns()) {
        nearby.advertise(*board);
    }
}

/// Asks the network for gateways; `heed` tells the core of each that is our home's.
void browse() {
    browseAsked = false;
    if (!speaksMdns()) {
        return;
    }
    if (question == nullptr) {
        // The answers are looked at when there was time for them: until then there is nothing to do.
        question = MDNS.installServiceQuery(
            "gatehouse-hub", "tcp",
            [](const MDNSResponder::MDNSServiceInfo&, MDNSResponder::AnswerType, bool) {});
        questionEndsMs = uptimeMs() + kAnswersTakeMs;
    }
}

void heed() {
    if (question == nullptr || uptimeMs() < questionEndsMs) {
        return;
    }
    char home[Settings::kHomeIdSize];
    const bool homed = board->settings().homeId(home);
    for (MDNSResponder::MDNSServiceInfo& answer : MDNS.answerInfo(question)) {
        const char* theirs = answer.value("home");
        if (!homed || theirs == nullptr || strlen(theirs) != sizeof home ||
            memcmp(theirs, home, sizeof home) != 0) {
            continue;
        }
        for (const IPAddress& ip : answer.IP4Adresses()) {
            const String address = ip.toString();
            post(Event::found({address.c_str(), address.length()}, answer.hostPort(), uptimeMs()));
        }
    }
    MDNS.removeServiceQuery(question);
    question = nullptr;
}

void serveGateway() {
    if (!online) {
        return;
    }
    static uint8_t bytes[Board::kReceiveMax];
    while (board->acceptsInput() && gateway.available() > 0) {
        const int count = gateway.read(bytes, sizeof bytes);
        if (count <= 0) {
            break;
        }
        post(Event::received({reinterpret_cast<const char*>(bytes), static_cast<size_t>(count)}, uptimeMs()));
        if (!online) {
            return;
        }
        sendPending();
    }
    sendPending();
    if (!gateway.connected()) {
        hangUp();
        post(Event::Kind::Disconnected);
    }
}

void serveSerial() {
    char bytes[Board::kSerialReceiveMax];
    size_t count = 0;
    while (board->acceptsSerial() && count < sizeof bytes && Serial.available() > 0) {
        bytes[count++] = static_cast<char>(Serial.read());
    }
    if (count > 0) {
        post(Event::serialReceived({bytes, count}, uptimeMs()));
    }
    sendSerial(static_cast<size_t>(Serial.availableForWrite()));
}

/// `aa:bb:cc:dd:ee:ff`, and its last six digits.
void readNames() {
    uint8_t bytes[6];
    WiFi.macAddress(bytes);
    snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
             bytes[4], bytes[5]);
    snprintf(chipId, sizeof chipId, "%06x", static_cast<unsigned>(ESP.getChipId() & 0xffffffU));
}

bool endedInFault() {
    const uint32_t reason = ESP.getResetInfoPtr()->reason;
    return reason == REASON_WDT_RST || reason == REASON_EXCEPTION_RST || reason == REASON_SOFT_WDT_RST;
}

}  // namespace

void start() {
    light.begin();
    for (uint8_t button = 0; button < kRelayCount; ++button) {
        pinMode(kButtons[button], INPUT_PULLUP);
    }
    pinMode(kFlashButton, INPUT_PULLUP);
    // While a connection is being made nobody reads: room for the frames that come meanwhile.
    Serial.setRxBufferSize(1024);
    Serial.begin(115200);
    guard.boot(endedInFault());
    readNames();
    BoardInfo info;
    info.relayCount = kRelayCount;
    info.model = {GATEHOUSE_MODEL, sizeof GATEHOUSE_MODEL - 1};
    info.firmware = {GATEHOUSE_VERSION, sizeof GATEHOUSE_VERSION - 1};
    info.mac = {mac, sizeof mac - 1};
    info.chipId = {chipId, sizeof chipId - 1};
    info.restartReason = restartReason();
    info.wiring = kBuiltWiring;
    info.safe = guard.safe();
    board = new (room) Board(info, pins, flash, chip, sealing);
    // The relays go where they belong before the radio is even on. Until then, some milliseconds, nothing
    // drives their pins: what is to be a low or a high level is only known from the settings.
    post(Event::Kind::Boot);
    wifi.begin();
    gateway.trust(board->settings());
    schedule_recurrent_function_us(serveButtons, kButtonsEveryUs);
}

void turn() {
    wifi.poll(uptimeMs(), [](const Event& event) { post(event); });
    if (browsable) {
        MDNS.update();
        heed();
    }
    serveSerial();
    serveGateway();
    nearby.poll(uptimeMs(), [](const Event& event) {
        post(event);
        sendClaim();
    });
    if (uptimeMs() >= board->nextDeadlineMs()) {
        post(Event::Kind::Tick);
        sendPending();
    }
    if (advertiseAsked) {
        advertise();
    }
    if (joinAsked) {
        join();
    } else if (dialAsked) {
        dial();
        sendPending();
    } else if (browseAsked) {
        browse();
    }
    if (guard.tick(uptimeMs()) || restartAsked) {
        ESP.restart();
    }
}

}  // namespace gatehouse::esp8266

void setup() {
    gatehouse::esp8266::start();
}

void loop() {
    gatehouse::esp8266::turn();
}
