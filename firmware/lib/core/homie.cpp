#include "homie.hpp"

#include "crc32.hpp"

namespace gatehouse::homie {
namespace {

constexpr Text kSystemProperties =
    "\"system\":{\"name\":\"System\",\"properties\":{"
    "\"rssi\":{\"name\":\"Signal\",\"datatype\":\"integer\",\"unit\":\"dBm\"},"
    "\"heap\":{\"name\":\"Free memory\",\"datatype\":\"integer\",\"unit\":\"B\"},"
    "\"uptime\":{\"name\":\"Uptime\",\"datatype\":\"integer\",\"unit\":\"ms\"},"
    "\"restart-reason\":{\"name\":\"Restart reason\",\"datatype\":\"string\"},"
    "\"firmware\":{\"name\":\"Firmware\",\"datatype\":\"string\"},"
    "\"model\":{\"name\":\"Model\",\"datatype\":\"string\"},"
    "\"mac\":{\"name\":\"MAC address\",\"datatype\":\"string\"},"
    "\"chip-id\":{\"name\":\"Chip id\",\"datatype\":\"string\"}}}"_t;

constexpr Text kRelayProperties =
    "\"type\":\"switch\",\"properties\":{"
    "\"on\":{\"name\":\"On\",\"datatype\":\"boolean\",\"format\":\"off,on\",\"settable\":true},"
    "\"power-on\":{\"name\":\"When power returns\",\"datatype\":\"enum\","
    "\"format\":\"off,on,restore\"},"
    "\"pulse\":{\"datatype\":\"integer\",\"unit\":\"ms\"},"
    "\"interlock\":{\"datatype\":\"integer\"},"
    "\"wiring\":{\"datatype\":\"string\"}}}"_t;

void writeDocument(Writer& out, const BoardInfo& info, uint32_t version) {
    out.put("{\"homie\":\"5.0\",\"version\":"_t).number(version);
    out.put(",\"name\":\"Relay board\",\"type\":\"org.gatehouse.relay-board\",\"extensions\":[\""_t);
    out.put(kExtension).put("\",\""_t).put(kCredentialExtension).put("\",\""_t);
    out.put(kSettingsExtension).put("\",\""_t).put(kNetworkExtension).put("\"],\"nodes\":{"_t);
    for (uint8_t relay = 0; relay < info.relayCount; ++relay) {
        const uint64_t number = relay + 1U;
        out.put("\"relay-"_t).number(number).put("\":{\"name\":\"Relay "_t).number(number);
        out.put("\","_t).put(kRelayProperties).put(',');
    }
    out.put(kSystemProperties).put("}}"_t);
}

}  // namespace

void writeBase(Writer& out, Text id) {
    out.put("homie/5/"_t).put(id).put('/');
}

void writeRelay(Writer& out, uint8_t relay, Text property) {
    out.put("relay-"_t).number(relay + 1U).put('/').put(property);
}

int parseRelay(Text topic, Text property, uint8_t count) {
    for (uint8_t relay = 0; relay < count; ++relay) {
        char buffer[48];
        Writer name(buffer, sizeof buffer);
        writeRelay(name, relay, property);
        if (name.fits() && name.text() == topic) {
            return relay;
        }
    }
    return -1;
}

void writeDescription(Writer& out, const BoardInfo& info) {
    // Names and property texts are constants of this firmware, so its version and the number of relays say
    // everything that can differ between two descriptions.
    const uint32_t version =
        crc32(info.firmware.data, info.firmware.size, crc32(&info.relayCount, sizeof info.relayCount));
    writeDocument(out, info, version);
}

}  // namespace gatehouse::homie
