// The radio: one attempt for each Join, and what came of it.
#pragma once

#include <ESP8266WiFi.h>

#include "board.hpp"

namespace gatehouse::esp8266 {

class Wifi {
  public:
    void begin() {
        // The settings of the board are its own; the SDK keeps no second copy of them.
        WiFi.persistent(false);
        WiFi.setAutoReconnect(true);
        WiFi.mode(WIFI_STA);
    }

    void join(Text ssid, Text password) {
        char name[Settings::kSsidMax + 1] = {};
        char secret[Settings::kPasswordMax + 1] = {};
        memcpy(name, ssid.data, ssid.size);
        memcpy(secret, password.data, password.size);
        WiFi.disconnect();
        WiFi.begin(name, password.empty() ? nullptr : secret);
        state_ = State::Joining;
        sinceMs_ = millis();
    }

    void leave() {
        WiFi.disconnect();
        state_ = State::Idle;
    }

    void scan() {
        WiFi.scanNetworks(true);
        scanning_ = true;
    }

    /// Calls `post(event)` for everything that has happened.
    template <typename Post>
    void poll(uint64_t nowMs, Post post) {
        const wl_status_t status = WiFi.status();
        if (state_ == State::Up && status != WL_CONNECTED) {
            // The SDK comes back by itself.
            state_ = State::Joining;
            sinceMs_ = millis();
            post(Event::of(Event::Kind::WifiDown, nowMs));
        } else if (state_ == State::Joining && status == WL_CONNECTED) {
            state_ = State::Up;
            post(Event::of(Event::Kind::WifiUp, nowMs));
        } else if (state_ == State::Joining && millis() - sinceMs_ >= kSettleMs && failed(status)) {
            leave();
            post(Event::wifiFailed(reasonOf(status), nowMs));
        }
        const int8_t found = scanning_ ? WiFi.scanComplete() : WIFI_SCAN_RUNNING;
        if (found == WIFI_SCAN_RUNNING) {
            return;
        }
        scanning_ = false;
        for (int8_t at = 0; at < found; ++at) {
            const String name = WiFi.SSID(at);
            post(Event::scanResult({name.c_str(), name.length()}, static_cast<int16_t>(WiFi.RSSI(at)),
                                   WiFi.encryptionType(at) != ENC_TYPE_NONE, nowMs));
        }
        WiFi.scanDelete();
        post(Event::of(Event::Kind::ScanDone, nowMs));
    }

  private:
    enum class State : uint8_t { Idle, Joining, Up };

    /// Before that the status may be the one of the attempt before.
    static constexpr uint32_t kSettleMs = 1000;

    static bool failed(wl_status_t status) {
        return status == WL_NO_SSID_AVAIL || status == WL_WRONG_PASSWORD || status == WL_CONNECT_FAILED;
    }
    static WifiFailure reasonOf(wl_status_t status) {
        return status == WL_NO_SSID_AVAIL    ? WifiFailure::NoNetwork
               : status == WL_WRONG_PASSWORD ? WifiFailure::WrongPassword
                                             : WifiFailure::NoAddress;
    }

    State state_ = State::Idle;
    uint32_t sinceMs_ = 0;
    bool scanning_ = false;
};

}  // namespace gatehouse::esp8266
