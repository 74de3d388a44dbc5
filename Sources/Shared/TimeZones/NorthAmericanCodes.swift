/// Area codes of the North American Numbering Plan, by what clocks show there.
///
/// Written from the plan's public list of codes and the places they serve, and from the zones of those places (49 CFR part 71 for
/// the United States). A code that serves places with different clocks has all their zones. Codes of no place, such as 800, are
/// not here.
enum NorthAmericanCodes {
    /// Zones of an area code; `nil` for one that is not known.
    static func zones(of code: Substring) -> [String]? { self.table[String(code)] }

    private static let table = ZoneLines.table(Self.lines)

    private static let lines = """
        America/New_York: 201 202 203 207 212 215 216 220 223 227 229 234 239 240 252 267 272 276 283 301 302 304 305 315 321 324
        America/New_York: 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419 434 436 440 443 445 470 472
        America/New_York: 475 478 484 502 508 513 516 518 540 551 561 567 570 571 582 585 603 607 609 610 614 617 624 631 640 645
        America/New_York: 646 656 667 678 680 681 686 689 703 704 706 716 717 718 724 727 728 732 740 743 754 757 762 770 771 772
        America/New_York: 774 781 786 802 803 804 813 814 821 826 828 835 838 839 843 845 848 854 856 857 859 860 862 863 864 865
        America/New_York: 878 904 908 910 912 914 917 919 929 934 937 941 943 948 954 959 973 978 980 984
        America/New_York,America/Chicago: 270 364 423 448 606 729 850
        America/Detroit: 231 248 269 313 517 586 616 679 734 810 947 989
        America/Detroit,America/Menominee: 906
        America/Indiana/Indianapolis: 260 317 463 765
        America/Indiana/Indianapolis,America/Chicago: 219 574 812 930
        America/Chicago: 205 210 214 217 218 224 225 228 235 251 254 256 262 274 281 309 312 314 316 318 319 320 325 327 331 334
        America/Chicago: 337 346 353 361 402 405 409 414 417 430 432 447 457 464 469 471 479 483 501 504 507 512 515 531 534 539
        America/Chicago: 557 563 572 573 580 601 608 612 615 618 621 629 630 636 641 651 659 660 662 682 708 712 713 715 726 730
        America/Chicago: 731 737 763 769 773 779 806 815 816 817 830 832 847 861 870 872 901 903 913 918 920 924 931 936 938 940
        America/Chicago: 945 952 956 972 975 979 985
        America/Chicago,America/Denver: 308 605 620 701 785
        America/Denver: 303 307 385 406 435 505 575 719 720 748 801 915 970 983
        America/Boise,America/Los_Angeles: 208 458 541 986
        America/Phoenix: 480 520 602 623
        America/Phoenix,America/Denver: 928
        America/Los_Angeles: 206 209 213 253 279 310 323 341 350 357 360 369 408 415 424 425 442 503 509 510 530 559 562 564 619
        America/Los_Angeles: 626 628 650 657 661 669 702 707 714 725 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951 971
        America/Los_Angeles,America/Denver: 775
        America/Anchorage,America/Juneau,America/Metlakatla,America/Adak: 907
        Pacific/Honolulu: 808
        America/Puerto_Rico: 340 787 939
        Pacific/Guam: 670 671
        Pacific/Pago_Pago: 684
        America/Toronto: 226 249 263 289 343 354 365 382 416 437 438 450 468 514 519 548 579 613 647 683 705 742 753 819 873 905 942
        America/Toronto,America/Winnipeg: 807
        America/Toronto,America/Halifax: 273 367 418 581
        America/Halifax: 782 902
        America/Moncton: 428 506
        America/St_Johns,America/Goose_Bay: 709 879
        America/Winnipeg: 204 431 584
        America/Regina,America/Edmonton: 306 474 639
        America/Edmonton: 368 403 587 780 825
        America/Vancouver: 604
        America/Vancouver,America/Edmonton,America/Phoenix: 236 250 257 672 778
        America/Whitehorse,America/Edmonton,America/Winnipeg,America/Rankin_Inlet,America/Iqaluit,America/Inuvik: 867
        America/Nassau: 242
        America/Barbados: 246
        America/Puerto_Rico: 264 268 284 473 664 721 758 767 784 868 869
        America/Panama: 345 658 876
        Atlantic/Bermuda: 441
        America/Grand_Turk: 649
        America/Santo_Domingo: 809 829 849
        """
}

/// Lines of zones, a colon, and the codes that have them.
enum ZoneLines {
    /// - Returns: The zones of each code; a code may be a range such as `010-212`, with as many digits at both ends.
    static func table(_ text: String) -> [String: [String]] {
        var table: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let sides = line.split(separator: ":")
            guard sides.count == 2 else { continue }
            let zones = sides[0].split(separator: ",").map(String.init)
            for code in sides[1].split(separator: " ") {
                for single in Self.expanded(code) { table[single, default: []] += zones }
            }
        }
        return table
    }

    private static func expanded(_ code: Substring) -> [String] {
        let ends = code.split(separator: "-")
        guard ends.count == 2, let first = Int(ends[0]), let last = Int(ends[1]), first <= last else {
            return [String(code)]
        }
        return (first...last).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, ends[0].count - digits.count)) + digits
        }
    }
}
