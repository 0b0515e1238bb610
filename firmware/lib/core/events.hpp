// What goes into the board and what comes out of it.
#pragma once

#include "text.hpp"
#include "wire.hpp"

namespace gatehouse {

/// Why a network cannot be joined.
enum class WifiFailure : uint8_t { NoNetwork, WrongPassword, NoAddress };

/// What a board says in the network by mDNS.
enum class Advert : uint8_t {
    /// Nothing; what was said is withdrawn.
    None,
    /// That it has no home.
    Closed,
    /// The same, and that it can be claimed at a TCP port. That port is open, for one connection at a time,
    /// and only
    /// then.
    Open,
};

/// Something that happened. `nowMs` of every event is the uptime: milliseconds since boot, never falling.
struct Event {
    enum class Kind : uint8_t {
        /// Power came. The first event, and only the first.
        Boot,
        /// Time passed; also the answer to `Board::nextDeadlineMs`.
        Tick,
        /// The board is in the network of the last Effect::Join, and has an address.
        WifiUp,
        /// It was, and is no more.
        WifiDown,
        /// It does not get in, because of `reason`. The adapter tries no more until the next Join.
        WifiFailed,
        /// Effect::Scan found a network called `bytes`, with `rssiDbm`, and `secured` or not.
        ScanResult,
        /// That was all of them.
        ScanDone,
        /// Bytes came in by the serial port. At most Board::kSerialReceiveMax.
        SerialReceived,
        /// The gateway took the connection asked for with Effect::Dial, and its TLS handshake has begun. Only
        /// with TLS; Connected or Disconnected is to follow.
        Securing,
        /// The connection stands, secured if it has to be.
        Connected,
        /// It could not be made, or it ended.
        Disconnected,
        /// Bytes came in. At most Board::kReceiveMax.
        Received,
        /// Something at `bytes`, port `port`, says that it is the gateway of our home. An answer to
        /// Effect::Browse.
        Found,
        /// A wall button has this level now.
        Button,
        /// The FLASH button has this level now.
        Flash,
        /// Somebody connected to the port of Advert::Open.
        ClaimConnected,
        /// They sent something. At most ClaimWindow::kReceiveMax.
        ClaimReceived,
        /// They are gone.
        ClaimDisconnected,
        /// Say goodbye.
        Stop,
    };

    Kind kind = Kind::Tick;
    uint64_t nowMs = 0;
    Text bytes;
    uint16_t port = 0;
    uint8_t button = 0;
    bool pressed = false;
    WifiFailure reason = WifiFailure::NoNetwork;
    int16_t rssiDbm = 0;
    bool secured = false;

    static Event of(Kind kind, uint64_t nowMs) {
        Event event;
        event.kind = kind;
        event.nowMs = nowMs;
        return event;
    }
    static Event received(Text bytes, uint64_t nowMs) {
        Event event = of(Kind::Received, nowMs);
        event.bytes = bytes;
        return event;
    }
    static Event found(Text host, uint16_t port, uint64_t nowMs) {
        Event event = of(Kind::Found, nowMs);
        event.bytes = host;
        event.port = port;
        return event;
    }
    static Event wifiFailed(WifiFailure reason, uint64_t nowMs) {
        Event event = of(Kind::WifiFailed, nowMs);
        event.reason = reason;
        return event;
    }
    static Event scanResult(Text ssid, int16_t rssiDbm, bool secured, uint64_t nowMs) {
        Event event = of(Kind::ScanResult, nowMs);
        event.bytes = ssid;
        event.rssiDbm = rssiDbm;
        event.secured = secured;
        return event;
    }
    static Event serialReceived(Text bytes, uint64_t nowMs) {
        Event event = of(Kind::SerialReceived, nowMs);
        event.bytes = bytes;
        return event;
    }
    static Event claimReceived(Text bytes, uint64_t nowMs) {
        Event event = of(Kind::ClaimReceived, nowMs);
        event.bytes = bytes;
        return event;
    }
    static Event flashLevel(bool pressed, uint64_t nowMs) {
        Event event = of(Kind::Flash, nowMs);
        event.pressed = pressed;
        return event;
    }
    static Event buttonLevel(uint8_t button, bool pressed, uint64_t nowMs) {
        Event event = of(Kind::Button, nowMs);
        event.button = button;
        event.pressed = pressed;
        return event;
    }
};

/// For the log; none of them needs an answer.
enum class Notice : uint8_t {
    NotProvisioned,
    Ready,
    ConnectFailed,
    ConnectionLost,
    LoginRefused,
    /// The gateway gave us a new secret; we come back with it.
    NewSecret,
    /// It does not know the new secret; the old one is presented again.
    NewSecretRefused,
    SubscribeRefused,
    /// It is looked for at other addresses.
    Browsing,
    /// It was there at another address, which is stored now.
    GatewayMoved,
    BrokerMute,
    MalformedPacket,
    ReadBackDiffers,
    SettingsFailed,
    /// The network that came by the serial port is tried, with the handover if there was one.
    Trying,
    /// They have worked, and are what counts now.
    Adopted,
    /// They have not, and what was there before counts.
    StruckOut,
    /// The network cannot be joined, because of `failure`.
    JoinFailed,
    /// Somebody wants to know which board this is: the light blinks.
    Identifying,
    /// The gateway asked for it.
    Restarting,
    /// The home is forgotten, as the gateway asked.
    Forgotten,
    /// The FLASH button was pressed while there is nothing to claim.
    FlashInVain,
    /// It was, and the board can be claimed for a while.
    WindowOpen,
    /// Nobody can claim it any more.
    WindowClosed,
    /// Somebody claims it: the light blinks `number`.
    Blinking,
    /// A home came over the network, and is tried.
    HandedOver,
};

/// Something for the adapter to do.
struct Effect {
    enum class Kind : uint8_t {
        /// Join the network of the settings, and leave any other; answer with WifiUp or WifiFailed. What
        /// came of an earlier Join is of no interest any more.
        Join,
        /// Leave the network.
        Leave,
        /// Look which networks there are; answer with ScanResult and ScanDone.
        Scan,
        /// The settings hold another authority, or none, from the next Dial on. Sessions of TLS are of no
        /// use any more.
        Trust,
        /// Open a connection to Board::dialHost and dialPort, with TLS if the settings hold an authority;
        /// answer with Connected or Disconnected.
        Dial,
        /// Ask the network who is the gateway of our home, and post Found for each that says so, for
        /// Board::kBrowseMs.
        Browse,
        /// Board::advert is another than before: say so in the network, and open or close the port.
        Advertise,
        /// Hang up on whoever claims the board. What is pending for them goes out before, as far as the
        /// socket takes it at
        /// once.
        ClaimClose,
        /// Close it. What is pending goes out before, as far as the socket takes it at once.
        Close,
        /// A relay moved: `relay` (from 0), `on`, `cause`, and `number`, the sequence it obeyed last.
        Moved,
        /// `notice`, with `relay` for ReadBackDiffers, the CONNACK code for LoginRefused and
        /// NewSecretRefused, and for everything
        /// that ends a connection the delay before the next dial in milliseconds in `retryMs`.
        Log,
        /// Start over, as after a power cut; relays go by their power-on policy. The connection is closed.
        Restart,
        /// Write what is pending, close, and end.
        Stopped,
    };

    Kind kind = Kind::Log;
    Notice notice = Notice::Ready;
    uint8_t relay = 0;
    bool on = false;
    wire::Cause cause = wire::Cause::Boot;
    WifiFailure failure = WifiFailure::NoNetwork;
    uint32_t number = 0;
    uint32_t retryMs = 0;
};

/// The effects of one event, in order.
class Effects {
  public:
    /// A received block holds at most a dozen commands, each with a movement and a line for the log.
    static constexpr size_t kMax = 48;

    void add(const Effect& effect) {
        if (count_ < kMax) {
            items_[count_++] = effect;
        }
    }
    void clear() { count_ = 0; }
    const Effect* begin() const { return items_; }
    const Effect* end() const { return items_ + count_; }

  private:
    size_t count_ = 0;
    Effect items_[kMax];
};

}  // namespace gatehouse
