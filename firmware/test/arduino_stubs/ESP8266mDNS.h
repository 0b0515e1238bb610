#pragma once

#include <ESP8266WiFi.h>

class MDNSResponder {
  public:
    bool begin(const String& hostName);
    bool update();
    uint32_t queryService(const char* service, const char* protocol, uint16_t timeoutMs = 1000);
    bool removeQuery();
    IPAddress answerIP(uint32_t answer, uint32_t address);
    uint16_t answerPort(uint32_t answer);
    const char* answerTxts(uint32_t answer);
};
extern MDNSResponder MDNS;
