// The connection to the gateway: TCP, with TLS of the home's authority above it once there is one.
#pragma once

#include <ESP8266WiFi.h>
#include <WiFiClientSecure.h>

#include <memory>

#include "board.hpp"

namespace gatehouse::esp8266 {

/// TLS to one name, at whatever address: the core of the library takes the name it verifies from the one it
/// dials.
class NamedClient final : public BearSSL::WiFiClientSecureCtx {
  public:
    bool reach(IPAddress address, uint16_t port) { return WiFiClient::connect(address, port) != 0; }
    bool secure(const char* name) { return _connectSSL(name); }
};

class GatewayLink {
  public:
    /// Takes the authority of the settings; without one the gateway is spoken to in the clear. Forgets the
    /// session.
    void trust(Settings& settings) {
        plain_.stop();
        secured_.reset();
        anchors_.reset();
        session_ = BearSSL::Session();
        distrusted_ = false;
        if (!settings.secured()) {
            return;
        }
        // From here on it is TLS or nothing.
        distrusted_ = true;
        std::unique_ptr<char[]> der(new char[Settings::kAuthorityMax]);
        size_t size = 0;
        char home[Settings::kHomeIdSize];
        if (!settings.authority(der.get(), Settings::kAuthorityMax, size) || !settings.homeId(home)) {
            return;
        }
        memcpy(name_, home, sizeof home);
        memcpy(name_ + sizeof home, kDomain, sizeof kDomain);
        anchors_.reset(new BearSSL::X509List(reinterpret_cast<const uint8_t*>(der.get()), size));
        if (anchors_->getCount() != 1) {
            return;
        }
        secured_.reset(new NamedClient);
        secured_->setTrustAnchors(anchors_.get());
        // A board without power has no time: certificates of a home are valid on this day.
        secured_->setX509Time(kConstantDate);
        secured_->setBufferSizes(kRecordMax, kRecordMax);
        secured_->setCiphers(kCiphers, sizeof kCiphers / sizeof kCiphers[0]);
        secured_->setSession(&session_);
        distrusted_ = false;
    }

    /// Blocks until the connection stands or fails; wall buttons go on meanwhile (main.cpp). Calls `securing`
    /// when TLS begins.
    template <typename Securing>
    bool dial(Text host, uint16_t port, Securing securing) {
        char name[Settings::kHostMax + 1] = {};
        memcpy(name, host.data, host.size);
        IPAddress address;
        if (distrusted_) {
            securing();
            return false;
        }
        if (!WiFi.hostByName(name, address, kDialMs)) {
            return false;
        }
        WiFiClient& one = client();
        one.setTimeout(kDialMs);
        if (!(secured_ ? secured_->reach(address, port) : plain_.connect(address, port) != 0)) {
            return false;
        }
        one.setNoDelay(true);
        if (secured_) {
            securing();
            if (!secured_->secure(name_)) {
                return false;
            }
        }
        // From now on a gateway that takes no bytes must not keep wall buttons waiting.
        one.setTimeout(kWriteMs);
        return true;
    }

    bool connected() { return client().connected() != 0; }
    int available() { return client().available(); }
    int read(uint8_t* out, size_t size) { return client().read(out, size); }
    /// What was taken.
    size_t write(Text bytes) {
        return client().write(reinterpret_cast<const uint8_t*>(bytes.data), bytes.size);
    }
    void close() { client().stop(); }

  private:
    static constexpr uint32_t kDialMs = Board::kDialMs;
    static constexpr uint32_t kWriteMs = 500;
    static constexpr int kRecordMax = 512;
    static constexpr time_t kConstantDate = 1590969600;  // 2020-06-01
    static constexpr char kDomain[] = ".gatehouse.internal";
    static constexpr uint16_t kCiphers[] = {BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                            BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};

    WiFiClient& client() {
        if (secured_) {
            return *secured_;
        }
        return plain_;
    }

    WiFiClient plain_;
    std::unique_ptr<NamedClient> secured_;
    std::unique_ptr<BearSSL::X509List> anchors_;
    BearSSL::Session session_;
    /// There is an authority, and it is of no use.
    bool distrusted_ = false;
    char name_[Settings::kHomeIdSize + sizeof kDomain] = {};
};

}  // namespace gatehouse::esp8266
