"""The names of the book's library: those of d2l 1.0.3 by the chapter that they come from.

Which name was in which release of d2l was read from its packages on PyPI.
"""

# What several chapters use stands where it is first used.
CHAPTERS = {
    'Preliminaries': """
        abs arange argmax astype concat cos cosh exp expand_dims eye float32 int32 int64 linspace
        log matmul meshgrid normal numpy ones ones_like plot rand randn reduce_mean reduce_sum
        repeat reshape set_axes set_figsize sigmoid sin sinh size stack swapaxes tanh tensor to
        transpose use_svg_display zeros zeros_like batch_matmul get_key get_seed
    """,
    'Linear neural networks for regression': """
        add_to_class DataModule HyperParameters LinearRegression LinearRegressionScratch linreg
        load_array Module nn_Module ProgressBoard SGD sgd squared_loss synthetic_data
        SyntheticRegressionData Timer Trainer
    """,
    'Linear neural networks for classification': """
        Accumulator accuracy Animator Classifier evaluate_accuracy FashionMNIST
        get_dataloader_workers get_fashion_mnist_labels load_data_fashion_mnist show_images
        SoftmaxRegression
    """,
    'Multilayer perceptrons': """
        DATA_HUB DATA_URL download download_extract evaluate_loss extract
    """,
    "Builders' guide": 'cpu gpu num_gpus try_all_gpus try_gpu',
    'Convolutional neural networks': 'corr2d evaluate_accuracy_gpu init_cnn LeNet train_ch6',
    'Modern convolutional neural networks': 'Residual ResNeXtBlock',
    'Recurrent neural networks': """
        check_len check_shape grad_clipping RNN RNNLM RNNLMScratch RNNScratch TimeMachine tokenize
        Vocab
    """,
    'Modern recurrent neural networks': """
        bleu build_array_nmt Decoder Encoder EncoderDecoder GRU init_seq2seq load_data_nmt
        MaskedSoftmaxCELoss MTFraEng predict_seq2seq preprocess_nmt read_data_nmt Seq2Seq
        Seq2SeqEncoder sequence_mask show_list_len_pair_hist tokenize_nmt train_seq2seq truncate_pad
    """,
    'Attention and transformers': """
        AdditiveAttention AddNorm AttentionDecoder DotProductAttention masked_softmax
        MultiHeadAttention PositionalEncoding PositionWiseFFN show_heatmaps TransformerEncoder
        TransformerEncoderBlock
    """,
    'Optimization algorithms': """
        annotate get_data_ch11 show_trace_2d train_2d train_ch11 train_concise_ch11
    """,
    'Computational performance': """
        Benchmark evaluate_accuracy_gpus resnet18 split_batch split_batch_multi_inputs
    """,
    'Computer vision': """
        assign_anchor_to_bbox BananasDataset bbox_to_rect box_center_to_corner box_corner_to_center
        box_iou load_data_bananas load_data_voc multibox_detection multibox_prior multibox_target
        nms offset_boxes offset_inverse read_csv_labels read_data_bananas read_voc_images reorg_test
        reorg_train_valid show_bboxes train_batch_ch13 train_ch13 TrainCallback VOC_CLASSES
        VOC_COLORMAP voc_colormap2label voc_label_indices voc_rand_crop VOCSegDataset
    """,
    'Natural language processing: pretraining': """
        BERTEncoder BERTModel get_centers_and_contexts get_negatives get_tokens_and_segments
        load_data_ptb load_data_wiki MaskLM NextSentencePred RandomGenerator read_ptb subsample
        TokenEmbedding
    """,
    'Natural language processing: applications': """
        load_data_imdb load_data_snli predict_sentiment predict_snli read_imdb read_snli SNLIDataset
    """,
    'Reinforcement learning': """
        frozen_lake make_env show_Q_function_progress show_value_function_progress
    """,
    'Gaussian processes': 'rbfkernel',
    'Hyperparameter optimization': """
        BasicScheduler hpo_objective_lenet HPOScheduler HPOSearcher HPOTrainer HPOTuner
        RandomSearcher SuccessiveHalvingScheduler
    """,
    'Generative adversarial networks': 'update_D update_G',
    'Recommender systems': """
        BPRLoss CTRDataset evaluate_ranking HingeLossbRec hit_and_auc load_data_ml100k
        read_data_ml100k split_and_load_ml100k split_data_ml100k train_ranking train_recsys_rating
    """,
}
IN_D2L = {name for names in CHAPTERS.values() for name in names.split()}

# The release of d2l since which a name is gone, in all its frameworks.
GONE_SINCE = {
    '0.14': """
        benchmark load_data_pikachu seq_data_iter_consecutive train_gluon_ch11 util_download
    """,
    '0.15': 'build_array mkdir_if_not_exist train_bert',
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
