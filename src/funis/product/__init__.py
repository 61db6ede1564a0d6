"""Cell products: source tissue, passage, viability, losses from vial to vein, release criteria."""

from funis.product.delivery import delivered_viability, product_parameters
from funis.product.load import library_product, library_products, load_product
from funis.product.values import (
    Difference,
    Prior,
    Product,
    Quantity,
    ReleaseCriterion,
    Tissue,
    ViabilityPoint,
)

__all__ = [
    "Difference",
    "Prior",
    "Product",
    "Quantity",
    "ReleaseCriterion",
    "Tissue",
    "ViabilityPoint",
    "delivered_viability",
    "library_product",
    "library_products",
    "load_product",
    "product_parameters",
]
