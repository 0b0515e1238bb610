#include "progress.hpp"

namespace gatehouse {
namespace {

constexpr Text kStages[] = {"idle"_t,     "joining"_t,    "joined"_t, "dialing"_t,
                            "securing"_t, "logging-in"_t, "online"_t};

constexpr Text kSetbacks[] = {
    ""_t, "no-network"_t, "wrong-password"_t, "no-address"_t, "unreachable"_t, "untrusted"_t, "refused"_t};

constexpr Stage kWhere[] = {Stage::Idle,    Stage::Joining,  Stage::Joining,  Stage::Joining,
                            Stage::Dialing, Stage::Securing, Stage::LoggingIn};

}  // namespace

void Progress::reach(Stage stage) {
    stage_ = stage;
    if (!held_ && stage > kWhere[static_cast<size_t>(setback_)]) {
        setback_ = Setback::None;
    }
}

Text Progress::word() const {
    if (setback_ != Setback::None) {
        return kSetbacks[static_cast<size_t>(setback_)];
    }
    return kStages[static_cast<size_t>(held_ ? Stage::Idle : stage_)];
}

}  // namespace gatehouse
