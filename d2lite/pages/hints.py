"""Hints for names that are not d2lite's: when the book's library gave them up, and what is alike.

Pages of older editions, and pages that use helpers of other chapters, call names that d2lite does
not have. Which name was in which release of d2l was read from its packages on PyPI.
"""

import difflib
import re

from d2lite import interface

# The release of d2l since which a name is gone, in all its frameworks.
GONE_SINCE = {
    '0.14': """
        benchmark load_data_pikachu seq_data_iter_consecutive train_gluon_ch11 util_download
    """,
    '0.15': 'Seq2SeqDecoder build_array mkdir_if_not_exist train_bert',
    '0.16': 'MLPAttention build_colormap2label predict_s2s_ch9 train_s2s_ch9 translate',
    '0.16.7': 'subsampling',
    '1.0': """
        EncoderBlock RNNModel RNNModelScratch SeqDataLoader Updater count_corpus download_all
        load_corpus_time_machine load_data_time_machine predict_ch3 predict_ch8 read_time_machine
        seq_data_iter_random seq_data_iter_sequential train_ch3 train_ch8 train_epoch_ch3
        train_epoch_ch8 transpose_output transpose_qkv
    """,
}
SINCE = {name: release for release, names in GONE_SINCE.items() for name in names.split()}

# The names of d2l 1.0.3; d2lite has many of them.
IN_D2L = set(
    """
    abs Accumulator accuracy add_to_class AdditiveAttention AddNorm Animator annotate arange argmax
    assign_anchor_to_bbox astype AttentionDecoder BananasDataset BasicScheduler batch_matmul
    bbox_to_rect Benchmark BERTEncoder BERTModel bleu box_center_to_corner box_corner_to_center
    box_iou BPRLoss build_array_nmt check_len check_shape Classifier concat corr2d cos cosh cpu
    CTRDataset DATA_HUB DATA_URL DataModule Decoder DotProductAttention download download_extract
    Encoder EncoderDecoder evaluate_accuracy evaluate_accuracy_gpu evaluate_accuracy_gpus
    evaluate_loss evaluate_ranking exp expand_dims extract eye FashionMNIST float32 frozen_lake
    get_centers_and_contexts get_data_ch11 get_dataloader_workers get_fashion_mnist_labels get_key
    get_negatives get_seed get_tokens_and_segments gpu grad_clipping GRU HingeLossbRec hit_and_auc
    hpo_objective_lenet HPOScheduler HPOSearcher HPOTrainer HPOTuner HyperParameters init_cnn
    init_seq2seq int32 int64 LeNet LinearRegression LinearRegressionScratch linreg linspace
    load_array load_data_bananas load_data_fashion_mnist load_data_imdb load_data_ml100k
    load_data_nmt load_data_ptb load_data_snli load_data_voc load_data_wiki log make_env
    masked_softmax MaskedSoftmaxCELoss MaskLM matmul meshgrid Module MTFraEng multibox_detection
    multibox_prior multibox_target MultiHeadAttention NextSentencePred nms nn_Module normal num_gpus
    numpy offset_boxes offset_inverse ones ones_like plot PositionalEncoding PositionWiseFFN
    predict_sentiment predict_seq2seq predict_snli preprocess_nmt ProgressBoard rand randn
    RandomGenerator RandomSearcher rbfkernel read_csv_labels read_data_bananas read_data_ml100k
    read_data_nmt read_imdb read_ptb read_snli read_voc_images reduce_mean reduce_sum reorg_test
    reorg_train_valid repeat reshape Residual resnet18 ResNeXtBlock RNN RNNLM RNNLMScratch
    RNNScratch Seq2Seq Seq2SeqEncoder sequence_mask set_axes set_figsize SGD sgd show_bboxes
    show_heatmaps show_images show_list_len_pair_hist show_Q_function_progress show_trace_2d
    show_value_function_progress sigmoid sin sinh size SNLIDataset SoftmaxRegression
    split_and_load_ml100k split_batch split_batch_multi_inputs split_data_ml100k squared_loss stack
    subsample SuccessiveHalvingScheduler swapaxes synthetic_data SyntheticRegressionData tanh tensor
    TimeMachine Timer to TokenEmbedding tokenize tokenize_nmt train_2d train_batch_ch13 train_ch11
    train_ch13 train_ch6 train_concise_ch11 train_ranking train_recsys_rating train_seq2seq
    TrainCallback Trainer TransformerEncoder TransformerEncoderBlock transpose truncate_pad
    try_all_gpus try_gpu update_D update_G use_svg_display VOC_CLASSES VOC_COLORMAP
    voc_colormap2label voc_label_indices voc_rand_crop Vocab VOCSegDataset zeros zeros_like
    """.split()
)

MISSING = re.compile(
    r"(?:module 'd2l(?:ite)?\b[\w.]*' has no attribute|module 'd2lite_\w+' has no attribute"
    r"|d2lite on \w+ has no|cannot import name) '(?P<name>\w+)'(?: from 'd2l| *$|$)"
)


def hint_for(ename: str, evalue: str) -> str:
    """The hint for an error that a name is not in d2lite; empty for every other error."""
    match = MISSING.search(evalue) if ename in ('AttributeError', 'ImportError') else None
    return name_hint(match['name']) if match else ''


def name_hint(name: str) -> str:
    """Sentences about `name`, which d2lite does not have."""
    if name == 'paddle':
        return 'd2lite has no backend for paddle.'
    if release := SINCE.get(name):
        sentence = f'{name} is no longer in d2l since {release}.'
    elif name in IN_D2L:
        sentence = f'{name} is in d2l 1.0, but d2lite does not have it on this tab.'
    else:
        sentence = f'{name} is in no release of d2l; a page may have to define it first.'
    if alike := names_like(name):
        sentence += f' d2lite has names that look like it: {", ".join(alike)}.'
    return sentence


def names_like(name: str) -> list[str]:
    """Up to three names of d2lite that look like `name`, whatever their case."""
    known = {each.lower(): each for each in interface.NAMES if each != name}
    return [known[each] for each in difflib.get_close_matches(name.lower(), known, 3, 0.7)]
