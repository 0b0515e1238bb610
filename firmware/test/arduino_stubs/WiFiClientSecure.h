#pragma once

#include <ESP8266WiFi.h>

constexpr uint16_t BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca9;
constexpr uint16_t BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b;

namespace BearSSL {

class Session {};

class X509List {
  public:
    X509List(const uint8_t* der, size_t size);
    size_t getCount() const;
};

class WiFiClientSecureCtx : public WiFiClient {
  public:
    void setTrustAnchors(const X509List* anchors);
    void setX509Time(time_t now);
    void setBufferSizes(int receive, int transmit);
    bool setCiphers(const uint16_t* ciphers, int count);
    void setSession(Session* session);

  protected:
    bool _connectSSL(const char* name);
};

}  // namespace BearSSL
