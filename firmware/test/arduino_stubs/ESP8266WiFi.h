#pragma once

#include <Arduino.h>

class IPAddress {
  public:
    bool operator==(const IPAddress& other) const;
    String toString() const;
};

enum wl_status_t {
    WL_IDLE_STATUS = 0,
    WL_NO_SSID_AVAIL = 1,
    WL_SCAN_COMPLETED = 2,
    WL_CONNECTED = 3,
    WL_CONNECT_FAILED = 4,
    WL_CONNECTION_LOST = 5,
    WL_WRONG_PASSWORD = 6,
    WL_DISCONNECTED = 7
};
enum WiFiMode_t { WIFI_OFF = 0, WIFI_STA = 1 };
constexpr int8_t WIFI_SCAN_RUNNING = -1;
constexpr int8_t WIFI_SCAN_FAILED = -2;
constexpr uint8_t ENC_TYPE_NONE = 7;

class ESP8266WiFiClass {
  public:
    void persistent(bool on);
    bool setAutoReconnect(bool on);
    bool mode(WiFiMode_t mode);
    wl_status_t begin(const char* ssid, const char* password = nullptr);
    bool disconnect(bool off = false);
    wl_status_t status();
    int8_t scanNetworks(bool async = false, bool hidden = false);
    int8_t scanComplete();
    void scanDelete();
    String SSID(uint8_t network);
    int32_t RSSI();
    int32_t RSSI(uint8_t network);
    uint8_t encryptionType(uint8_t network);
    uint8_t* macAddress(uint8_t* out);
    int hostByName(const char* name, IPAddress& out, uint32_t timeoutMs);
};
extern ESP8266WiFiClass WiFi;

class WiFiClient : public Stream {
  public:
    virtual int connect(IPAddress address, uint16_t port);
    virtual uint8_t connected();
    virtual void stop();
    virtual int read(uint8_t* out, size_t size);
    void setNoDelay(bool on);
    using Print::write;
    size_t write(uint8_t byte) override;
    size_t write(const uint8_t* bytes, size_t size) override;
    int available() override;
    int read() override;
};

class WiFiServer {
  public:
    explicit WiFiServer(uint16_t port);
    void begin();
    void stop();
    WiFiClient available();
};
