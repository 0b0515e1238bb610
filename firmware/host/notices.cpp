#include "notices.hpp"

namespace gatehouse::host {
namespace {

std::string because(const std::string& why) {
    return why.empty() ? "" : ": " + why;
}

const char* toText(WifiFailure failure) {
    switch (failure) {
        case WifiFailure::NoNetwork:
            return "it is not there";
        case WifiFailure::WrongPassword:
            return "it does not take the password";
        case WifiFailure::NoAddress:
            break;
    }
    return "it gives no address";
}

}  // namespace

std::string moveLine(const Effect& effect) {
    const Text cause = wire::toText(effect.cause);
    return "relay " + std::to_string(effect.relay + 1) + (effect.on ? " on" : " off") +
           " cause=" + std::string(cause.data, cause.size) + " seq=" + std::to_string(effect.number);
}

std::string noticeLine(const Effect& effect, const std::string& gateway, const std::string& ssid,
                       const std::string& why, bool secured) {
    std::string text;
    switch (effect.notice) {
        case Notice::NotProvisioned:
            text =
                "no gateway and credential stored: give --gateway, --id and --secret-file, or hand them over "
                "by the serial port, or in its network after FLASH was pressed; buttons work";
            break;
        case Notice::Ready:
            text = "ready at " + gateway + (secured ? " with TLS" : "");
            break;
        case Notice::ConnectFailed:
            text = "cannot connect to " + gateway + because(why);
            break;
        case Notice::ConnectionLost:
            text = why.empty() ? gateway + " closed the connection" : "lost " + gateway + because(why);
            break;
        case Notice::LoginRefused:
            text = gateway + " refused the login with code " + std::to_string(effect.number) +
                   (effect.number == 4 || effect.number == 5 ? ": check --id and --secret-file" : "");
            break;
        case Notice::Browsing:
            text = "the gateway is not at " + gateway + "; asking the network where it is";
            break;
        case Notice::GatewayMoved:
            text = "the gateway is at " + gateway + " now";
            break;
        case Notice::NewSecret:
            text = "got a new secret from " + gateway + "; logging in with it";
            break;
        case Notice::NewSecretRefused:
            text = gateway + " does not know the new secret it gave; the old one is used again";
            break;
        case Notice::SubscribeRefused:
            text = gateway + " refused the subscriptions: this credential may not receive commands";
            break;
        case Notice::BrokerMute:
            text = gateway + " does not answer";
            break;
        case Notice::MalformedPacket:
            text = gateway + " sent what MQTT 3.1.1 does not allow";
            break;
        case Notice::ReadBackDiffers:
            text = "relay " + std::to_string(effect.relay + 1) + " does not do what its pin was told";
            break;
        case Notice::SettingsFailed:
            text = "the settings flash cannot be read or written";
            break;
        case Notice::Trying:
            text = "trying the network " + ssid + ", which is new";
            break;
        case Notice::Adopted:
            text = "what the board was given has worked and is kept";
            break;
        case Notice::StruckOut:
            text = "what the board was given has not worked; what was there before counts";
            break;
        case Notice::Identifying:
            text = "somebody asks which board this is; the light blinks";
            break;
        case Notice::Restarting:
            text = "restarting, as the gateway asked";
            break;
        case Notice::Forgotten:
            text = "the home is forgotten, as the gateway asked; buttons work";
            break;
        case Notice::FlashInVain:
            text = "the FLASH button does nothing now: the board is in no network, or has a home";
            break;
        case Notice::WindowOpen:
            text = "the board can be claimed in the network for two minutes";
            break;
        case Notice::WindowClosed:
            text = "the board cannot be claimed in the network any more";
            break;
        case Notice::Blinking:
            text = "the light blinks " + std::to_string(effect.number) + " for whoever claims the board";
            break;
        case Notice::HandedOver:
            text = "trying the home that came over the network";
            break;
        case Notice::JoinFailed:
            text = "cannot join the network " + ssid + ": " + toText(effect.failure);
            break;
    }
    if (effect.retryMs > 0) {
        text += "; trying again in " + std::to_string(effect.retryMs) + " ms";
    }
    return text;
}

}  // namespace gatehouse::host
