"""``funis product``: products and lots, release, from vial to vein, yield."""

from funis.pipeline.products.deliver import Delivery, deliver
from funis.pipeline.products.release import ReleasePage, release_page
from funis.pipeline.products.show import ProductPage, product_list, product_page, tissue_tables
from funis.pipeline.products.yields import YieldPage, product_yield

__all__ = [
    "Delivery",
    "ProductPage",
    "ReleasePage",
    "YieldPage",
    "deliver",
    "product_list",
    "product_page",
    "product_yield",
    "release_page",
    "tissue_tables",
]
