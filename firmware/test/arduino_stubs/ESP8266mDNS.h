#pragma once

#include <ESP8266WiFi.h>

class MDNSResponder {
  public:
    using hMDNSService = const void*;
    using hMDNSTxt = const void*;
    hMDNSService addService(const char* name, const char* service, const char* protocol, uint16_t port);
    bool removeService(const hMDNSService service);
    hMDNSTxt addServiceTxt(const hMDNSService service, const char* key, const char* value);
    bool removeServiceTxt(const hMDNSService service, const char* key);
    bool announce();
    bool begin(const String& hostName);
    bool update();
    uint32_t queryService(const char* service, const char* protocol, uint16_t timeoutMs = 1000);
    bool removeQuery();
    IPAddress answerIP(uint32_t answer, uint32_t address);
    uint16_t answerPort(uint32_t answer);
    const char* answerTxts(uint32_t answer);
};
extern MDNSResponder MDNS;
