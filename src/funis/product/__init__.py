"""Cell products and lots: from donor to vial, release, from vial to vein."""

from funis.product.delivery import (
    Delivered,
    Interval95,
    delivered,
    delivery_spreads,
    dmso,
    lot_potency_log_sd,
    share_log_sd,
)
from funis.product.load import library_product, library_products, load_product
from funis.product.lot_load import library_lot, library_lots, load_lot, supply
from funis.product.lots import Donation, Lot
from funis.product.release import Release, check_release, load_rules, release_rules
from funis.product.tissues import Seen, TissueRow, tissue_differences, tissue_rows
from funis.product.values import (
    Difference,
    Manufacture,
    Prior,
    Product,
    Quantity,
    Ranged,
    ReleaseCriterion,
    Stage,
    Tissue,
    ViabilityPoint,
    Vial,
)
from funis.product.viability import (
    delivered_viability,
    infused_viability,
    product_parameters,
    usual_hold,
    usual_infusion,
)
from funis.product.yields import (
    ArmNeed,
    DonationYield,
    TrialNeed,
    donation_yield,
    trial_need,
    vials_needed,
)

__all__ = [
    "ArmNeed",
    "Delivered",
    "Difference",
    "Donation",
    "DonationYield",
    "Interval95",
    "Lot",
    "Manufacture",
    "Prior",
    "Product",
    "Quantity",
    "Ranged",
    "Release",
    "ReleaseCriterion",
    "Stage",
    "Seen",
    "Tissue",
    "TissueRow",
    "TrialNeed",
    "Vial",
    "ViabilityPoint",
    "check_release",
    "delivered",
    "delivered_viability",
    "delivery_spreads",
    "dmso",
    "donation_yield",
    "infused_viability",
    "library_lot",
    "library_lots",
    "library_product",
    "library_products",
    "load_lot",
    "load_product",
    "load_rules",
    "lot_potency_log_sd",
    "product_parameters",
    "release_rules",
    "share_log_sd",
    "supply",
    "tissue_differences",
    "tissue_rows",
    "trial_need",
    "usual_hold",
    "usual_infusion",
    "vials_needed",
]
