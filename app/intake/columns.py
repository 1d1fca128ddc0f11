"""The attributes of the Google Merchant product feed: which Akin reads, and which it knows but has no use for."""

import re

SINGLE = (
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "availability",
    "price",
    "sale_price",
    "brand",
    "gtin",
    "google_product_category",
    "color",
    "material",
    "pattern",
    "size",
    "item_group_id",
    "custom_label_0",
    "custom_label_1",
    "custom_label_2",
    "custom_label_3",
    "custom_label_4",
)
"""Attributes a product has at most once."""

REPEATED = ("additional_image_link", "product_type")
"""Attributes a product may have several times."""

ENDING = ("delete", "expiration_date")
"""Attributes that say a product goes; a product itself keeps neither."""

READ = frozenset(SINGLE + REPEATED + ENDING)
REQUIRED = ("id", "title", "image_link")

_UNUSED_WORDS = (
    "adult ads_redirect age_group auto_pricing_min_price availability_date bundle canonical_link certification"
    " condition cost_of_goods_sold disclosure_date display_ads_id display_ads_link display_ads_similar_id"
    " display_ads_title display_ads_value energy_efficiency_class excluded_destination"
    " external_seller_id gender identifier_exists included_destination installment is_bundle"
    " lifestyle_image_link link_template loyalty_points loyalty_program max_energy_efficiency_class"
    " max_handling_time maximum_retail_price min_energy_efficiency_class min_handling_time minimum_order_value"
    " mobile_link mobile_link_template mpn multipack pause pickup_method pickup_sla product_detail"
    " product_height product_highlight product_length product_weight product_width promotion_id"
    " return_policy_label sale_price_effective_date sell_on_google_quantity shipping shipping_height"
    " shipping_label shipping_length shipping_weight shipping_width shopping_ads_excluded_country short_title"
    " size_system size_type structured_description structured_title subscription_cost tax tax_category"
    " transit_time_label unit_pricing_base_measure unit_pricing_measure video_link virtual_model_link"
)
UNUSED = frozenset(_UNUSED_WORDS.split())
"""Attributes of the Merchant feed that say nothing about look or listing; left out without a word."""


def canonical(name: str) -> str:
    """The attribute's one spelling: "g:Image Link" -> "image_link"."""
    name = name.strip().lower().removeprefix("g:")
    return re.sub(r"[\s-]+", "_", name)
