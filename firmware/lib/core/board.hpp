// The board: one machine, event in, effects out.
#pragma once

#include "backoff.hpp"
#include "claim_window.hpp"
#include "command_gate.hpp"
#include "debounce.hpp"
#include "events.hpp"
#include "homie_session.hpp"
#include "progress.hpp"
#include "relay_guard.hpp"
#include "restore_keeper.hpp"
#include "serial_line.hpp"
#include "status_light.hpp"

namespace gatehouse {

/// What was dropped, and why. Counted since boot.
struct Drops {
    uint32_t malformedCommands = 0;
    uint32_t retainedCommands = 0;
    /// PUBLISH packets longer than the board keeps.
    uint32_t tooLong = 0;
    /// Messages on topics, or with values, that mean nothing to a native board, `relay-N/on/set` among them.
    uint32_t ignoredMessages = 0;
    /// New secrets of another session, or out of order.
    uint32_t staleSecrets = 0;
    /// Refusals for which there was no room.
    uint32_t unsentRefusals = 0;
};

/// Relays, wall buttons, settings and the connection to the gateway. It owns no socket, no clock and no pin:
/// pins and flash are called synchronously, because a pin must be read back in the same breath; everything
/// else goes through `handle` and `out`. The absence of the gateway never moves a relay.
class Board {
  public:
    /// The longest block of bytes one Received event may carry.
    static constexpr size_t kReceiveMax = 512;
    static constexpr uint64_t kDialMs = 5000;
    /// For the TLS handshake, which takes an ESP8266 a second or two.
    static constexpr uint64_t kHandshakeMs = 10000;
    /// A connection that was ready for this long makes the back-off start over.
    static constexpr uint64_t kStableMs = 5000;
    /// How long what was said may take to be acknowledged before the board comes back with a new secret.
    static constexpr uint64_t kLeaveMs = 1000;

    /// How long the light blinks for whoever looks for the board.
    static constexpr uint64_t kIdentifyMs = 15000;

    /// So many attempts in a row at the stored address fail before the gateway is looked for elsewhere.
    static constexpr uint8_t kBrowseAfter = 3;
    static constexpr uint64_t kBrowseMs = 3000;
    /// Addresses that are tried after a look around.
    static constexpr uint8_t kFoundMax = 4;
    /// From one of them to the next at most: an impostor among them does not keep the board away for long.
    static constexpr uint32_t kNextFoundMs = 500;

    /// The longest block of bytes one SerialReceived event may carry.
    static constexpr size_t kSerialReceiveMax = 128;
    /// When nothing came of a Join, it is asked for again.
    static constexpr uint64_t kJoinMs = 30000;
    /// From a failure to join a network that has worked before to the next attempt.
    static constexpr uint64_t kRejoinMs = 5000;
    /// A network that came by the serial port gets so many attempts, and kJoinMs.
    static constexpr uint8_t kJoinAttempts = 3;
    /// From the network settings, or the boot, to the login that a handover has to lead to.
    static constexpr uint64_t kTrialMs = 120000;
    static constexpr uint64_t kScanMs = 10000;

    Board(const BoardInfo& info, Pins& pins, Flash& flash, Chip& chip, Sealing& sealing);
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    /// Takes one event; what is to be done is added to `effects`. Bytes to send are then in `pending`.
    void handle(const Event& event, Effects& effects);

    /// When to come back with a Tick at the latest, as uptime; UINT64_MAX for never.
    uint64_t nextDeadlineMs() const;

    /// Bytes for the socket.
    Text pending() const { return client_.out().pending(); }
    /// `count` of them are with the socket now.
    void sent(size_t count, uint64_t nowMs) { client_.sent(count, nowMs); }
    /// There is room for the answers to another block of bytes. While false, leave them in the socket.
    bool acceptsInput() const { return client_.out().room() >= kAnswersMax; }

    /// Where the gateway is dialled: the stored address, or one that was found.
    Text dialHost() const { return found_ ? foundHosts_[0].text() : settings_.gatewayHost(); }
    uint16_t dialPort() const { return found_ ? foundPorts_[0] : settings_.gatewayPort(); }

    /// Bytes for the serial port.
    Text serialPending() const { return serial_.pending(); }
    /// `count` of them are with the port now.
    void serialSent(size_t count) { serial_.sent(count); }
    /// There is room for an answer. While false, leave bytes in the port.
    bool acceptsSerial() const { return serial_.hasRoom(); }
    Text progress() const { return progress_.word(); }
    LightMeaning light(uint64_t nowMs) const;

    /// What is to be said of the board in the network.
    Advert advert() const;
    /// Its id, given or its own, written to `own` where it has to be.
    Text name(Writer& own) const { return id(own); }
    /// What the light is to blink with LightMeaning::Number.
    uint8_t claimNumber() const { return window_.number(); }
    /// Bytes for whoever claims the board, at most 256; they go out before a ClaimClose.
    Text claimPending() const { return window_.pending(); }
    void claimSent(size_t count) { window_.sent(count); }

    const BoardInfo& info() const { return info_; }
    Settings& settings() { return settings_; }
    const RelayBank& relays() const { return relays_; }
    const Drops& drops() const { return drops_; }
    bool ready() const { return session_.ready(); }

  private:
    enum class Wifi : uint8_t { None, Joining, Up };
    enum class Link : uint8_t {
        NoWifi,
        NotProvisioned,
        Waiting,
        Browsing,
        Dialing,
        LoggingIn,
        Live,
        Stopped
    };

    /// Why the board is about to leave the gateway, once what it said is acknowledged.
    enum class Parting : uint8_t { No, Restart, Forget, Network };

    /// More than the answers to kReceiveMax bytes can take.
    static constexpr size_t kAnswersMax = 3072;

    void boot(uint64_t nowMs, Effects& effects);
    void tick(uint64_t nowMs, Effects& effects);
    void stop(uint64_t nowMs, Effects& effects);

    // board_wifi.cpp: the network, and candidates on trial
    void startWifi(uint64_t nowMs, Effects& effects);
    void tickWifi(uint64_t nowMs, Effects& effects);
    uint64_t wifiDeadlineMs() const;
    void join(uint64_t nowMs, Effects& effects);
    void wifiUp(uint64_t nowMs, Effects& effects);
    void wifiDown(uint64_t nowMs);
    void wifiFailed(WifiFailure reason, uint64_t nowMs, Effects& effects);
    void startTrial(uint64_t nowMs, Effects& effects);
    void adopt(Effects& effects);
    void strikeOut(uint64_t nowMs, Effects& effects);
    /// The network that was asked for by the serial port cannot be joined.
    void giveUpJoining(uint64_t nowMs, Effects& effects);
    /// Leaves the gateway in good order, for another network or credential.
    void leaveGateway(Effects& effects);

    // board_serial.cpp: what comes by the serial port
    void serialReceived(Text bytes, uint64_t nowMs, Effects& effects);
    void onRpc(improv::Command command, Text rest, uint64_t nowMs, Effects& effects);
    void onNetwork(Text rest, uint64_t nowMs, Effects& effects);
    void onChunk(Text rest, uint64_t nowMs, Effects& effects);
    void onScan(uint64_t nowMs, Effects& effects);
    void scanResult(Text ssid, int16_t rssiDbm, bool secured);
    void endScan();
    void sayState(improv::Command asked);
    void sayInfo();
    void sayIdentity();
    /// The one it was given, or of a board without one `relay-` and the last six digits of its MAC address,
    /// written to `own`.
    Text id(Writer& own) const;
    Stage stage() const;

    // board_claim.cpp: a home that comes over the network
    /// It is in the network, and nobody has given it a home.
    bool claimable() const;
    void pressFlash(uint64_t nowMs, Effects& effects);
    void tickClaim(uint64_t nowMs, Effects& effects);
    void claimReceived(Text bytes, uint64_t nowMs, Effects& effects);
    /// False when nothing more is to be heard on this connection.
    bool heardClaim(ClaimWindow::Heard heard, uint64_t nowMs, Effects& effects);
    void takeHome(uint64_t nowMs, Effects& effects);
    void endWindow(Effects& effects);

    // board_link.cpp: the connection to the gateway
    void tickLink(uint64_t nowMs, Effects& effects);
    uint64_t linkDeadlineMs() const;
    void startLink(uint64_t nowMs, Effects& effects);
    void endLink();
    void dial(uint64_t nowMs, Effects& effects);
    void reach(uint64_t nowMs, Effects& effects);
    void found(Text host, uint16_t port);
    void dropFound();
    void logIn(uint64_t nowMs);
    void loggedIn(uint64_t nowMs, Effects& effects);
    void loginRefused(uint8_t code, uint64_t nowMs, Effects& effects);
    /// Ends the connection in good order, for another with the new secret.
    void comeBack(uint64_t nowMs, Effects& effects);
    void loseLink(Notice why, uint8_t code, bool close, uint64_t nowMs, Effects& effects);
    bool linked() const { return link_ == Link::Dialing || link_ == Link::LoggingIn || link_ == Link::Live; }

    // board_messages.cpp: what the gateway says
    void received(Text bytes, uint64_t nowMs, Effects& effects);
    void onMessage(const mqtt::Publish& message, uint64_t nowMs, Effects& effects);
    void onCommand(const mqtt::Publish& message, uint64_t nowMs, Effects& effects);
    void onCredential(const mqtt::Publish& message, uint64_t nowMs, Effects& effects);
    void refuse(const wire::Command& command, wire::Reason reason, uint64_t nowMs);

    // board_configure.cpp: settings, and what the board is to do
    void onConfigure(const mqtt::Publish& message, uint64_t nowMs, Effects& effects);
    /// `system/...`. On false `reason` says why not; the same below.
    bool perform(const wire::Command& order, uint64_t nowMs, wire::Reason& reason, Effects& effects);
    bool configure(const wire::Command& order, uint64_t nowMs, wire::Reason& reason, Effects& effects);
    bool configureRelay(uint8_t relay, RelaySetting which, Text value, wire::Reason& reason);
    bool isOff(uint8_t relay, wire::Reason& reason);
    void onNetworkOrder(const mqtt::Publish& message, uint64_t nowMs, Effects& effects);
    void part(uint64_t nowMs, Effects& effects);

    // board_relays.cpp: what moves relays
    void bootRelays(uint64_t nowMs, Effects& effects);
    void tickRelays(uint64_t nowMs, Effects& effects);
    void obey(uint8_t relay, bool on, const wire::Command& command, uint64_t nowMs, Effects& effects);
    void press(uint8_t relay, uint64_t nowMs, Effects& effects);
    /// Turns the others of its group off, and lets none of them wait. False when one of them reads on.
    bool clearGroup(uint8_t relay, uint64_t nowMs, Effects& effects);
    /// As asked by a command, or without one by the wall button: now, or when its group allows it.
    void turn(uint8_t relay, bool on, wire::CommandId id, uint64_t nowMs, Effects& effects);
    void put(uint8_t relay, bool on, wire::CommandId id, uint64_t nowMs, Effects& effects);
    void move(uint8_t relay, bool on, wire::Cause cause, uint64_t nowMs, Effects& effects);
    void noteMove(uint8_t relay, RelayBank::Outcome outcome, bool wanted, uint64_t nowMs, Effects& effects);

    const BoardInfo info_;
    Chip& chip_;
    Settings settings_;
    RelayBank relays_;
    RelayGuard guard_;
    RestoreKeeper restore_;
    Debouncer buttons_[kRelaysMax];
    CommandGate gate_;
    Backoff backoff_;
    mqtt::Client client_;
    HomieSession session_;
    SerialLine serial_;
    Progress progress_;
    ClaimWindow window_;
    Debouncer flash_;
    /// As the adapter was last told.
    Advert advertised_ = Advert::None;
    Drops drops_;

    Wifi wifi_ = Wifi::None;
    /// While joining: when to ask for it again.
    uint64_t joinDueMs_ = 0;
    /// Until when the network that was asked for by the serial port has to be joined; 0: none was.
    uint64_t joinLimitMs_ = 0;
    uint8_t joinFailures_ = 0;
    /// When a candidate that has not worked by then is struck out; 0: there is none.
    uint64_t trialDueMs_ = 0;
    /// When a scan that says nothing more is over; 0: there is none.
    uint64_t scanDueMs_ = 0;
    /// TLS has begun on the connection that is being made.
    bool securing_ = false;

    Link link_ = Link::NoWifi;
    /// While waiting: when to dial. While dialing: when to give up.
    uint64_t linkDueMs_ = 0;
    /// When the connection became ready; 0: it is not, or the back-off has been reset for it.
    uint64_t readyMs_ = 0;
    /// When to come back with a new secret at the latest; 0: there is none to come back with.
    uint64_t leaveDueMs_ = 0;
    Parting parting_ = Parting::No;
    /// When it leaves at the latest.
    uint64_t partDueMs_ = 0;
    uint64_t identifyUntilMs_ = 0;
    /// Attempts at the stored address that failed since the last login.
    uint8_t failures_ = 0;
    /// Found addresses not yet given up; the first is being dialled, or was before the present wait.
    uint8_t found_ = 0;
    /// Addresses that were told of in this look around.
    uint32_t offers_ = 0;
    FixedText<15> foundHosts_[kFoundMax];
    uint16_t foundPorts_[kFoundMax] = {};
};

static_assert(sizeof(Board) < 14 * 1024, "an ESP8266 has about 40 KB left for everything");

}  // namespace gatehouse
