#pragma once

#include <ESP8266WiFi.h>

#include <functional>
#include <vector>

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

    using hMDNSServiceQuery = const void*;
    enum class AnswerType : uint32_t { Unknown = 0 };
    struct MDNSServiceInfo {
        uint16_t hostPort();
        std::vector<IPAddress> IP4Adresses();
        const char* value(const char* key);
    };
    using MDNSServiceQueryCallbackFunc = std::function<void(const MDNSServiceInfo&, AnswerType, bool)>;
    hMDNSServiceQuery installServiceQuery(const char* service, const char* protocol,
                                          MDNSServiceQueryCallbackFunc callback);
    bool removeServiceQuery(hMDNSServiceQuery query);
    std::vector<MDNSServiceInfo> answerInfo(const hMDNSServiceQuery query);
};
extern MDNSResponder MDNS;
