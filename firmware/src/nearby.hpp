// A board without a home in the network: what it says there by mDNS, and the port at which it is claimed.
#pragma once

#include <ESP8266WiFi.h>
#include <ESP8266mDNS.h>

#include "board.hpp"

namespace gatehouse::esp8266 {

class Nearby {
  public:
    /// Says what the board wants said, and opens or closes the port. mDNS must have begun.
    void advertise(const Board& board) {
        const Advert advert = board.advert();
        const bool open = advert == Advert::Open;
        open ? server_.begin() : server_.stop();
        listening_ = open;
        if (advert == Advert::None) {
            if (service_ != nullptr) {
                MDNS.removeService(service_);
            }
            service_ = nullptr;
            return;
        }
        if (service_ == nullptr) {
            char own[16];
            Writer name(own, sizeof own);
            const BoardInfo& info = board.info();
            const String id = text(board.name(name));
            service_ = MDNS.addService(id.c_str(), "gatehouse", "tcp", kPort);
            MDNS.addServiceTxt(service_, "id", id.c_str());
            tell("mac", info.mac);
            tell("model", info.model);
            tell("fw", info.firmware);
        } else {
            MDNS.removeServiceTxt(service_, "claim");
        }
        tell("claim", open ? "open"_t : "closed"_t);
        MDNS.announce();
    }

    /// Calls `post(event)` for what has happened at the port.
    template <typename Post>
    void poll(uint64_t nowMs, Post post) {
        if (!connected_ && listening_) {
            client_ = server_.available();
            connected_ = client_.connected() != 0;
            if (connected_) {
                client_.setNoDelay(true);
                client_.setTimeout(kWriteMs);
                post(Event::of(Event::Kind::ClaimConnected, nowMs));
            }
        }
        char bytes[ClaimWindow::kReceiveMax / 4];
        while (connected_ && client_.available() > 0) {
            const int count = client_.read(reinterpret_cast<uint8_t*>(bytes), sizeof bytes);
            if (count <= 0) {
                break;
            }
            post(Event::claimReceived({bytes, static_cast<size_t>(count)}, nowMs));
        }
        if (connected_ && client_.connected() == 0) {
            hangUp();
            post(Event::of(Event::Kind::ClaimDisconnected, nowMs));
        }
    }

    /// What was taken; so few bytes are, or the other side is gone.
    size_t write(Text bytes) {
        return connected_ ? client_.write(reinterpret_cast<const uint8_t*>(bytes.data), bytes.size) : 0;
    }

    void hangUp() {
        client_.stop();
        connected_ = false;
    }

  private:
    static constexpr uint16_t kPort = 8484;
    static constexpr uint32_t kWriteMs = 500;

    static String text(Text bytes) {
        String copy;
        copy.concat(bytes.data, static_cast<unsigned>(bytes.size));
        return copy;
    }
    void tell(const char* key, Text value) { MDNS.addServiceTxt(service_, key, text(value).c_str()); }

    WiFiServer server_{kPort};
    WiFiClient client_;
    MDNSResponder::hMDNSService service_ = nullptr;
    bool listening_ = false;
    bool connected_ = false;
};

}  // namespace gatehouse::esp8266
