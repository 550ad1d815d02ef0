// HF_SOMETIMES: a mark on a rare path. A long run of the simulator must have passed every mark,
// else it does not test what it seems to. In production it costs one store.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

/// Every mark of the program, whether passed or not; linked up before main.
class SometimesMark {
  public:
    explicit SometimesMark(std::string_view name) : name_(name), next_(first()) { first() = this; }
    SometimesMark(const SometimesMark&) = delete;
    SometimesMark& operator=(const SometimesMark&) = delete;

    // Any thread may pass; what is lost is at worst one passing.
    void pass() { __atomic_store_n(&passed_, true, __ATOMIC_RELAXED); }

    /// Names of all marks, sorted.
    static std::vector<std::string> all() {
        return names([](const SometimesMark&) { return true; });
    }
    /// Of those passed since the last `forget`.
    static std::vector<std::string> passed() {
        return names([](const SometimesMark& mark) {
            return __atomic_load_n(&mark.passed_, __ATOMIC_RELAXED);
        });
    }
    static void forget() {
        for (SometimesMark* mark = first(); mark != nullptr; mark = mark->next_)
            __atomic_store_n(&mark->passed_, false, __ATOMIC_RELAXED);
    }

  private:
    static SometimesMark*& first() {
        static SometimesMark* mark = nullptr;
        return mark;
    }
    template <class Wanted>
    static std::vector<std::string> names(Wanted wanted) {
        std::vector<std::string> found;
        for (const SometimesMark* mark = first(); mark != nullptr; mark = mark->next_)
            if (wanted(*mark)) found.emplace_back(mark->name_);
        std::ranges::sort(found);
        return found;
    }

    std::string_view name_;
    SometimesMark* next_;
    bool passed_ = false;
};

/// A string as a template argument: so that each name is one object, made before main.
template <size_t length>
struct MarkName {
    char text[length]{};                              // NOLINT(modernize-avoid-c-arrays)
    consteval MarkName(const char (&from)[length]) {  // NOLINT
        std::copy_n(from, length, text);
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text, length - 1}; }
};

template <MarkName name>
struct Sometimes {
    static inline SometimesMark mark{name.view()};
};

}  // namespace holdfast

#define HF_SOMETIMES(name) ::holdfast::Sometimes<name>::mark.pass()
